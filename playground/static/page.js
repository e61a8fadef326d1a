// The page: sends what a person does to the playground and shows what its events tell. No markup is made here but
// day dividers and toasts; messages come drawn from the server.
"use strict";

(() => {
  const body = document.body;
  const me = body.dataset.user;
  const channel = body.dataset.channel;
  const pane = document.getElementById("messages");
  const list = document.getElementById("list");
  const thread = document.getElementById("thread");
  const jump = document.querySelector(".jump");
  const progress = document.querySelector(".progress");

  // ---- the server

  async function post(path, data) {
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(data),
      });
      const told = await answer.json();
      if (!told.ok) toast(told.error || "That did not work.");
      return told;
    } catch {
      toast("The workspace cannot be reached.");
      return { ok: false };
    }
  }

  async function drawn(path, query) {
    const answer = await fetch(`${path}?${new URLSearchParams({ user: me, ...query })}`);
    if (answer.ok) return answer.text();
    toast((await answer.json().catch(() => ({}))).error || "That did not work.");
    return null;
  }

  function toast(text, quiet = false) {
    const note = document.createElement("p");
    note.className = quiet ? "toast quiet" : "toast";
    note.textContent = text;
    document.getElementById("toasts").append(note);
    setTimeout(() => note.remove(), 6000);
  }

  // ---- how messages lie: days between them, one author's after another close together

  const minutes = (a, b) => Math.abs(Number(a) - Number(b)) / 60;

  function times(root) {
    for (const time of root.querySelectorAll("time[data-at]")) {
      // The business's day and hour are not this machine's: time passes there by a click.
      if (!time.dataset.time) {
        const at = new Date(Number(time.dataset.at) * 1000);
        time.textContent = at.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
      }
      time.title = `${time.dataset.dayName} at ${time.textContent}`;
    }
  }

  function settle(container, days) {
    container.querySelectorAll(":scope > .day").forEach((divider) => divider.remove());
    let before = null;
    for (const message of container.querySelectorAll(":scope > .message")) {
      const sameDay = before && before.dataset.day === message.dataset.day;
      if (days && !sameDay) {
        const divider = document.createElement("div");
        divider.className = "day";
        divider.setAttribute("role", "separator");
        const name = document.createElement("span");
        name.textContent = message.dataset.dayName;
        divider.append(name);
        message.before(divider);
      }
      const plain = !message.matches(".ephemeral") && !(before && before.matches(".ephemeral"));
      message.classList.toggle("compact", Boolean(sameDay && plain && !message.querySelector(".blocks")
        && before.dataset.author === message.dataset.author && minutes(before.dataset.ts, message.dataset.ts) < 5));
      before = message;
    }
    times(container);
  }

  const atEnd = () => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 120;
  const hasMore = () => pane.scrollHeight - pane.scrollTop - pane.clientHeight > 1;
  const toEnd = () => { pane.scrollTop = pane.scrollHeight; jump.hidden = true; };

  function element(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.firstElementChild;
  }

  const find = (container, ts) => container && container.querySelector(`.message[data-ts="${CSS.escape(ts)}"]`);

  const held = new Map(); // messages in which somebody chooses just now, and what is to stand in their place after

  // Put a drawn message where it belongs: in the place of the one it was, or by its stamp.
  function put(container, html) {
    const fresh = element(html);
    const old = find(container, fresh.dataset.ts);
    if (old && Menus.within(old)) {
      held.set(old, html);
      return false;
    }
    if (old) {
      const inside = old.contains(document.activeElement) ? document.activeElement.closest(".use") : null;
      old.replaceWith(fresh);
      if (inside) {
        const again = fresh.querySelector(`.use[data-action-id="${CSS.escape(inside.dataset.actionId)}"] > button`);
        if (again) again.focus();
      }
      return false;
    }
    fresh.classList.add("fresh");
    const after = [...container.querySelectorAll(":scope > .message")].find((m) => m.dataset.ts > fresh.dataset.ts);
    if (after) after.before(fresh); else container.append(fresh);
    return true;
  }

  document.addEventListener("menusettled", () => {
    for (const [old, html] of [...held]) {
      held.delete(old);
      if (old.isConnected) put(old.parentElement, html);
    }
    settle(list, true);
    times(thread);
  });

  // ---- what happens, as it happens

  function badges(unread) {
    for (const link of document.querySelectorAll("[data-channel-link]")) {
      const count = link.dataset.channelLink === channel ? 0 : unread[link.dataset.channelLink] || 0;
      const badge = link.querySelector(".badge");
      badge.textContent = count;
      badge.hidden = count === 0;
      link.classList.toggle("has-unread", count > 0);
    }
  }

  function showTime(told) {
    document.getElementById("today").textContent = told.today;
    document.getElementById("time").textContent = told.time;
  }

  function archived(channels) {
    for (const link of document.querySelectorAll("[data-channel-link]")) {
      link.toggleAttribute("data-dead", channels.includes(link.dataset.channelLink));
    }
    document.querySelector(".archived").hidden = !channels.includes(channel);
    document.querySelector(".writing").hidden = channels.includes(channel);
  }

  const openThread = () => thread.querySelector("[data-thread-ts]");

  function inThread(told) {
    const shown = openThread();
    if (!shown || told.channel !== channel || !told.thread_html) return;
    const root = shown.dataset.threadTs;
    if (told.ts === root) {
      put(shown.querySelector(".thread-root"), told.thread_html);
    } else if (told.thread_ts === root) {
      const replies = shown.querySelector(".thread-replies");
      if (put(replies, told.thread_html) && !Menus.within(shown)) shown.scrollTop = shown.scrollHeight;
      const count = replies.querySelectorAll(".message:not(.ephemeral)").length;
      shown.querySelector(".reply-count").textContent = `${count} ${count === 1 ? "reply" : "replies"}`;
    }
    times(shown);
  }

  function take(told) {
    if (told.unread) badges(told.unread);
    if (told.today) showTime(told);
    if (told.trouble) Trouble.show(told.trouble);
    if (told.kind === "channels") archived(told.archived);
    if (told.kind === "reset") location.reload();
    if (told.kind === "view") showModal();
    if (told.channel !== channel) return;
    const end = atEnd();
    let added = false;
    if (told.html) added = put(list, told.html);
    if (told.root_html && find(list, told.thread_ts)) put(list, told.root_html);
    if (told.kind === "removed") {
      for (const place of [list, thread]) find(place, told.ts)?.remove();
    }
    inThread(told);
    settle(list, true);
    // Nothing moves under the hand of somebody who chooses.
    if (Menus.within(document)) jump.hidden = jump.hidden && !(added && hasMore());
    else if (end || told.mine) toEnd();
    else if (added) jump.hidden = false;
    Menus.follow();
  }

  function listen() {
    const query = new URLSearchParams({ user: me, channel });
    const stream = new EventSource(`/page/events?${query}`);
    let lost = false;
    stream.onmessage = async (event) => {
      const told = JSON.parse(event.data);
      if (told.kind === "hello" && lost) {
        const html = await drawn("/page/list", { channel });
        if (html !== null) { list.innerHTML = html; settle(list, true); toEnd(); }
        lost = false;
      }
      take(told);
      body.dataset.live = "true";
    };
    stream.onerror = () => { lost = true; body.dataset.live = "false"; };
  }

  // ---- threads

  async function showThread(ts) {
    const html = await drawn("/page/thread", { channel, ts });
    if (html === null) return;
    thread.innerHTML = html;
    thread.hidden = false;
    const shown = openThread();
    times(shown);
    shown.scrollTop = shown.scrollHeight;
    thread.querySelector("textarea").focus();
  }

  function closeThread() {
    thread.hidden = true;
    thread.replaceChildren();
  }

  // ---- buttons and menus in messages

  async function use(place, option) {
    const message = place.closest(".message");
    if (!(await Menus.confirmed(place))) return;
    place.classList.add("waiting");
    await post("/page/use", {
      user: me,
      channel: message.dataset.channel,
      ts: message.dataset.ts,
      block_id: place.dataset.blockId,
      action_id: place.dataset.actionId,
      option,
    });
    place.classList.remove("waiting");
  }

  const follow = (url) => { if (/^https?:/i.test(url)) window.open(url, "_blank", "noopener"); };

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".sidebar, .burger")) showSidebar(false);
    const target = event.target.closest("button, [data-open-thread]");
    if (!target) return;
    if (target.dataset.act === "button") {
      if (target.dataset.url) follow(target.dataset.url);
      use(target.closest(".use"), null);
    } else if (target.dataset.act === "menu") {
      Menus.toggle(target);
    } else if (target.matches("[role=menuitem]")) {
      const place = target.closest(".use");
      Menus.close(true);
      if (target.dataset.url) follow(target.dataset.url);
      use(place, target.dataset.option);
    } else if ("openThread" in target.dataset) {
      showThread(target.closest(".message").dataset.ts);
    } else if ("closeThread" in target.dataset) {
      closeThread();
    } else if ("dismiss" in target.dataset) {
      const message = target.closest(".message");
      post("/page/dismiss", { user: me, channel: message.dataset.channel, ts: message.dataset.ts });
    } else if (target.dataset.days || target.dataset.hours) {
      advance({ days: Number(target.dataset.days || 0), hours: Number(target.dataset.hours || 0) });
    } else if (target === jump) {
      toEnd();
    } else if (target.matches(".burger")) {
      showSidebar(!body.classList.contains("with-sidebar"));
    } else if ("closeView" in target.dataset) {
      target.closest("dialog").close();
    }
  });

  function showSidebar(shown) {
    body.classList.toggle("with-sidebar", shown);
    document.querySelector(".burger").setAttribute("aria-expanded", String(shown));
  }

  async function advance(length) {
    const buttons = document.querySelectorAll("[data-days], [data-hours]");
    buttons.forEach((button) => { button.disabled = true; });
    progress.hidden = false;
    body.setAttribute("aria-busy", "true");
    const told = await post("/page/advance", length);
    if (told.today) showTime(told);
    progress.hidden = true;
    body.removeAttribute("aria-busy");
    buttons.forEach((button) => { button.disabled = false; });
  }

  // ---- composers

  const grow = (area) => { area.style.height = "auto"; area.style.height = `${area.scrollHeight}px`; };

  async function submit(form) {
    const area = form.querySelector("textarea");
    const text = area.value;
    if (!text.trim()) return;
    area.value = "";
    changed(area);
    const root = "thread" in form.dataset ? openThread().dataset.threadTs : null;
    const told = await post("/page/send", { user: me, channel, text: text.trimEnd(), thread_ts: root });
    if (!told.ok && !area.value) {
      area.value = text;
      changed(area);
    }
    if (!root) toEnd();
  }

  function changed(area) {
    grow(area);
    const form = area.form;
    form.querySelector(".send").disabled = !area.value.trim();
    if (!("thread" in form.dataset)) suggest(area);
  }

  const suggestions = () => document.querySelector("form:not([data-thread]) .suggestions");

  function suggest(area) {
    const box = suggestions();
    const typed = area.value;
    const options = [...document.getElementById("commands").content.children];
    const fit = /^\/\S*$/.test(typed) ? options.filter((o) => o.dataset.name.startsWith(typed.toLowerCase())) : [];
    box.replaceChildren(...fit.map((option, index) => {
      const shown = option.cloneNode(true);
      shown.id = `suggestion-${index}`;
      return shown;
    }));
    box.hidden = fit.length === 0 || (fit.length === 1 && fit[0].dataset.name === typed);
    choose(area, 0);
  }

  function choose(area, to) {
    const options = [...suggestions().children];
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === to)));
    if (options[to] && !suggestions().hidden) area.setAttribute("aria-activedescendant", options[to].id);
    else area.removeAttribute("aria-activedescendant");
  }

  function complete(area, option) {
    area.value = `${option.dataset.name} `;
    changed(area);
    area.focus();
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches(".composer textarea")) changed(event.target);
  });

  document.addEventListener("keydown", (event) => {
    const area = event.target;
    if (event.key === "Escape" && !thread.hidden && !document.querySelector("dialog[open]") && suggestions()?.hidden !== false) {
      closeThread();
      return;
    }
    if (!area.matches?.(".composer textarea")) return;
    const box = suggestions();
    if (box && !box.hidden && !("thread" in area.form.dataset)) {
      const options = [...box.children];
      const at = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        choose(area, (at + step + options.length) % options.length);
        return;
      }
      if (event.key === "Tab" || event.key === "Enter") {
        event.preventDefault();
        complete(area, options[at]);
        return;
      }
      if (event.key === "Escape") {
        box.hidden = true;
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit(area.form);
    }
  });

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".suggestions li");
    if (!option) return;
    event.preventDefault();
    complete(option.closest("form").querySelector("textarea"), option);
  });

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.target.matches("[data-composer]")) submit(event.target);
    else if (event.target.closest("dialog.modal")) submitModal(event.target.closest("dialog.modal"));
  });

  // ---- modals

  async function showModal() {
    const html = await drawn("/page/modal", {});
    const holder = document.getElementById("modal");
    holder.querySelector("dialog[open]")?.removeAttribute("data-view");
    holder.innerHTML = html || "";
    const dialog = holder.querySelector("dialog");
    if (!dialog) return;
    dialog.addEventListener("close", () => {
      if (dialog.dataset.view) post("/page/close", { user: me });
    });
    dialog.showModal();
  }

  function valueOf(input) {
    const type = input.dataset.type;
    const checked = [...input.querySelectorAll("input:checked")];
    const option = (value, text) => ({ text: { type: "plain_text", text, emoji: true }, value });
    if (type === "radio_buttons" || type === "checkboxes") {
      const chosen = checked.map((box) => option(box.value, box.parentElement.textContent.trim()));
      return type === "checkboxes" ? { type, selected_options: chosen } : { type, selected_option: chosen[0] || null };
    }
    const field = input.querySelector("input, textarea, select");
    if (field.tagName === "SELECT") {
      const chosen = [...field.selectedOptions].filter((o) => o.value).map((o) => option(o.value, o.textContent));
      return field.multiple ? { type, selected_options: chosen } : { type, selected_option: chosen[0] || null };
    }
    const name = { datepicker: "selected_date", timepicker: "selected_time" }[type] || "value";
    return { type, [name]: field.value || null };
  }

  const isEmpty = (value) => Object.entries(value).every(([name, v]) => name === "type" || v === null || v.length === 0);

  async function submitModal(dialog) {
    const values = {};
    let whole = true;
    for (const input of dialog.querySelectorAll(".input")) {
      const value = valueOf(input);
      const missing = isEmpty(value) && !("optional" in input.dataset);
      fault(input, missing ? "Please complete this required field." : "");
      whole = whole && !missing;
      (values[input.dataset.blockId] ||= {})[input.dataset.actionId] = value;
    }
    if (!whole) return;
    const told = await post("/page/submit", { user: me, values });
    for (const input of dialog.querySelectorAll(".input")) {
      fault(input, (told.errors || {})[input.dataset.blockId] || "");
    }
  }

  function fault(input, text) {
    const note = input.querySelector(".error");
    note.textContent = text;
    note.hidden = !text;
  }

  pane.addEventListener("scroll", () => { if (atEnd()) jump.hidden = true; });
  settle(list, true);
  toEnd();
  Trouble.start(post);
  listen();
  showModal();
})();
