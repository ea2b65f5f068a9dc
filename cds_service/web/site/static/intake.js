// Warns before a patient's time for the form is over. Without scripts the page says the minutes and has the same button.
"use strict";
(() => {
  const form = document.querySelector("[data-left]");
  const warning = document.getElementById("time-warning");
  if (form === null || warning === null) return;
  const WARN_S = 180;
  const left = Number(form.dataset.left);
  setTimeout(() => { warning.hidden = false; warning.scrollIntoView({ block: "center" }); }, Math.max(0, left - WARN_S) * 1000);
})();
