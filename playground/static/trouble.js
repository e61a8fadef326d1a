// Slack has trouble: the panel with its switches, and the banner that says what is on. Knows the page only by `post`.
"use strict";

const Trouble = (() => {
  const panel = document.getElementById("trouble");
  const opener = document.querySelector("[data-open-trouble]");
  const banner = document.getElementById("banner");
  const choice = panel.querySelector("[data-dead-channel]");
  let post = null;
  let dead = [...choice.selectedOptions].filter(() => check("[data-dead]")).map((option) => option.value);

  function check(selector) {
    return panel.querySelector(selector).getAttribute("aria-checked") === "true";
  }

  function open(shown) {
    panel.hidden = !shown;
    opener.setAttribute("aria-expanded", String(shown));
    if (shown) panel.querySelector(".switch").focus();
  }

  function set(button, on) {
    button.setAttribute("aria-checked", String(on));
  }

  // Show how things stand, as the workspace tells it.
  function show(told) {
    dead = told.dead;
    for (const button of panel.querySelectorAll("[data-trouble]")) set(button, button.dataset.trouble in told.on);
    set(panel.querySelector("[data-dead]"), dead.includes(choice.value));
    panel.querySelector("[data-end-trouble]").disabled = !told.any;
    opener.classList.toggle("is-on", told.any);
    const inside = banner.contains(document.activeElement);
    banner.innerHTML = told.banner;
    if (inside) banner.querySelector("button")?.focus();
  }

  function press(button) {
    const on = button.getAttribute("aria-checked") !== "true";
    if ("dead" in button.dataset) return post("/page/trouble", { channel: choice.value, on });
    const name = button.dataset.trouble;
    const way = button.dataset.way ?? panel.querySelector(`[data-way-of="${name}"]`).value;
    return post("/page/trouble", { trouble: name, way, on });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button === opener) {
      open(panel.hidden);
    } else if ("closeTrouble" in button.dataset) {
      open(false);
      opener.focus();
    } else if (button.matches("#trouble .switch")) {
      press(button);
    } else if ("endTrouble" in button.dataset) {
      post("/page/trouble/end", {});
    } else if ("readTrouble" in button.dataset) {
      post("/page/trouble/read", {});
    }
  });

  panel.addEventListener("change", (event) => {
    if (event.target === choice) set(panel.querySelector("[data-dead]"), dead.includes(choice.value));
    const row = event.target.dataset.wayOf && panel.querySelector(`[data-trouble="${event.target.dataset.wayOf}"]`);
    if (row && row.getAttribute("aria-checked") === "true") {
      post("/page/trouble", { trouble: row.dataset.trouble, way: event.target.value, on: true });
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.stopImmediatePropagation();
      open(false);
      opener.focus();
    }
  });

  return { show, start: (how) => { post = how; } };
})();
