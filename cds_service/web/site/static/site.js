// What the pages gain where scripts run: times of this reader's zone, shortcuts, and words kept until they are signed.
(() => {
  "use strict";

  const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", hour12: false });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
  const localise = (root) => {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.valueOf())) continue;
      element.title = element.dateTime;
      element.textContent = "day" in element.dataset ? day.format(moment) : time.format(moment);
    }
  };
  localise(document);
  document.addEventListener("htmx:afterSwap", (event) => localise(event.target));

  // What says the same as before is not said again.
  const said = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (said.get(target.id) === xhr.responseText) event.detail.shouldSwap = false;
    said.set(target.id, xhr.responseText);
  });

  // A summary of errors takes the focus, so that it is read first.
  document.querySelector("[data-focus]")?.focus();

  // What an address points into is opened.
  const reveal = () => { document.getElementById(location.hash.slice(1))?.closest("details")?.setAttribute("open", ""); };
  window.addEventListener("hashchange", reveal);
  reveal();

  // Fields that belong to one choice alone are shown for that choice.
  const form = document.querySelector("form[data-decide]");
  if (form) {
    const show = () => {
      const chosen = form.querySelector("input[name=verdict]:checked")?.value;
      for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(chosen);
    };
    form.addEventListener("change", show);
    show();
    let touched = false;
    let stayed = Date.now();
    form.addEventListener("input", () => {
      touched = true;
      if (Date.now() - stayed < 120000) return;
      stayed = Date.now();  // who types is not idle
      const token = form.querySelector("[name=csrf_token]").value;
      fetch("/sign-in/stay", { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
    });
    form.addEventListener("submit", () => { touched = false; });
    window.addEventListener("beforeunload", (event) => { if (touched) event.preventDefault(); });
  }

  // The same for a stage of the roll-out; what is hidden is not sent.
  const stages = document.querySelector("form[data-roll-out]");
  if (stages) {
    const show = () => {
      const stage = stages.querySelector("input[name=stage]:checked")?.value;
      const urgent = "urgent" in stages.elements.part.selectedOptions[0].dataset;
      for (const part of stages.querySelectorAll("[data-for]")) {
        part.hidden = !part.dataset.for.split(" ").includes(stage) || ("urgent" in part.dataset && !urgent);
        for (const field of part.querySelectorAll("input, textarea")) field.disabled = part.hidden;
      }
    };
    stages.addEventListener("change", show);
    show();
  }

  // Shortcuts are single keys, so they can be switched off (WCAG 2.1.4) and are silent while one types.
  const KEY = "cds-shortcuts";
  const off = () => localStorage.getItem(KEY) === "off";
  const toggle = document.querySelector("#shortcuts");
  const mark = () => { document.body.classList.toggle("keys-off", off()); if (toggle) toggle.checked = !off(); };
  toggle?.addEventListener("change", () => { localStorage.setItem(KEY, toggle.checked ? "on" : "off"); mark(); });
  mark();
  document.addEventListener("keydown", (event) => {
    if (off() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const goal = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!goal) return;
    event.preventDefault();
    goal.closest("details")?.setAttribute("open", "");
    if (goal.matches("a")) goal.click();
    else if (goal.matches("input[type=radio]")) { goal.click(); goal.focus(); }
    else goal.focus();
  });
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
})();
