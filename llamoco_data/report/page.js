// Shows the curves of one problem at a time, and highlights a curve together with its row. Without it, all curves show.
(() => {
  "use strict";
  document.documentElement.classList.add("scripted");

  const light = (event) => {
    const panel = event.currentTarget;
    const curve = event.target.closest("[data-curve]")?.dataset.curve;
    panel.classList.toggle("lighting", curve !== undefined);
    for (const part of panel.querySelectorAll("[data-curve]")) {
      part.classList.toggle("lit", part.dataset.curve === curve);
    }
  };
  for (const panel of document.querySelectorAll(".lights")) {
    panel.addEventListener("pointerover", light);
    panel.addEventListener("pointerleave", light);
  }

  const chooser = document.getElementById("chooser");
  if (!chooser) return;
  const options = [...chooser.options];
  const panels = [...document.querySelectorAll(".panel")];

  const show = () => {
    for (const panel of panels) panel.classList.toggle("chosen", panel.id === `problem-${chooser.value}`);
  };

  const filter = (text) => {
    // A space before both, so that "2 variables" does not find 12 of them.
    const phrases = text.toLowerCase().split(",").map((phrase) => ` ${phrase.trim()}`);
    const found = options.filter((option) => phrases.every((phrase) => ` ${option.text.toLowerCase()}`.includes(phrase)));
    const before = chooser.value;
    chooser.replaceChildren(...found);
    if (found.some((option) => option.value === before)) chooser.value = before;
    chooser.disabled = found.length === 0;
    if (found.length) show();
  };

  const step = (by) => {
    const count = chooser.options.length;
    if (!count) return;
    chooser.selectedIndex = (chooser.selectedIndex + by + count) % count;
    show();
  };

  chooser.addEventListener("change", show);
  document.getElementById("filter").addEventListener("input", (event) => filter(event.target.value));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  show();
})();
