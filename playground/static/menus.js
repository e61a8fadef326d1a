// Menus and confirmations inside messages: open, walk with the keyboard, choose, close. Knows nothing of the server.
"use strict";

const Menus = (() => {
  let open = null; // the button whose menu is open

  const menuOf = (button) => button.parentElement.querySelector(":scope > .menu");

  function close(focus = false) {
    if (!open) return;
    const button = open;
    open = null;
    menuOf(button).hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
    settled();
  }

  // Tell those who wait for it, once what the same click does next has happened: a choice may ask for confirmation.
  function settled() {
    setTimeout(() => document.dispatchEvent(new Event("menusettled")));
  }

  // Tell whether a menu or a confirmation is open within ``root``.
  const within = (root) => Boolean(root.querySelector(".use > .menu:not([hidden]), .use > dialog[open]"));

  function place(button, menu) {
    const at = button.getBoundingClientRect();
    const below = window.innerHeight - at.bottom;
    const above = menu.offsetHeight + 8 > below && at.top > below;
    menu.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.top = above ? `${Math.max(8, at.top - menu.offsetHeight - 4)}px` : `${at.bottom + 4}px`;
  }

  // Keep the open menu at its button while what is around it moves; close it when the button is out of sight.
  function follow() {
    if (!open || !open.isConnected) return;
    const at = open.getBoundingClientRect();
    const pane = open.closest(".messages")?.getBoundingClientRect();
    if (pane && (at.bottom <= pane.top || at.top >= pane.bottom)) close();
    else place(open, menuOf(open));
  }

  function toggle(button) {
    const again = open === button;
    close();
    if (again) return;
    open = button;
    const menu = menuOf(button);
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    place(button, menu);
    (menu.querySelector("[aria-current]") || menu.querySelector("[role=menuitem]")).focus();
  }

  function key(event) {
    if (!open) return;
    const items = [...menuOf(open).querySelectorAll("[role=menuitem]")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[(to + items.length) % items.length].focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close(true);
    } else if (event.key === "Tab") {
      close(true);
    }
  }

  document.addEventListener("keydown", key);
  document.addEventListener("click", (event) => {
    if (open && !event.target.closest(".use")) close();
  });
  document.addEventListener("scroll", (event) => {
    if (!open || !menuOf(open).contains(event.target)) follow();
  }, true);
  window.addEventListener("resize", () => close());

  // Ask what the element's confirmation dialog asks; true where there is none.
  function confirmed(use) {
    const dialog = use.querySelector(":scope > dialog.confirm");
    if (!dialog) return Promise.resolve(true);
    return new Promise((resolve) => {
      const answered = (event) => {
        const button = event.target.closest("[data-answer]");
        if (button) dialog.close(button.dataset.answer);
      };
      dialog.returnValue = "deny";
      dialog.addEventListener("click", answered);
      dialog.addEventListener("close", () => {
        dialog.removeEventListener("click", answered);
        settled();
        resolve(dialog.returnValue === "confirm");
      }, { once: true });
      dialog.showModal();
    });
  }

  return { toggle, close, confirmed, follow, within };
})();
