// E-mails: as high as their content, as wide as a phone or a desktop.
(() => {
  "use strict";
  // Nothing runs in the frame, and it may be measured. While it is, all below it moves: a conversation read to its end
  // stays there, any other where it was.
  function fit(frame) {
    const page = frame.contentDocument;
    if (!page?.body) return;
    const log = document.getElementById("bubbles");
    const top = log && log.scrollHeight - log.scrollTop - log.clientHeight < 80 ? Infinity : log?.scrollTop;
    frame.style.height = "0";
    const high = Math.max(page.documentElement.scrollHeight, page.body.scrollHeight);
    frame.style.height = `${high + frame.offsetHeight - frame.clientHeight}px`;
    if (log) log.scrollTop = Math.min(top, log.scrollHeight);
  }

  const widths = new WeakMap();
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (widths.get(target) === target.clientWidth) continue;
      widths.set(target, target.clientWidth);
      fit(target);
    }
  });

  function loaded(frame) {
    fit(frame);
    resized.observe(frame);
  }

  document.addEventListener("load", (event) => event.target.matches?.(".mail iframe") && loaded(event.target), true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mail-width]");
    if (!button) return;
    for (const other of button.parentElement.querySelectorAll("[data-mail-width]")) other.setAttribute("aria-pressed", String(other === button));
    button.closest(".mail").classList.toggle("narrow", button.dataset.mailWidth === "phone");
  });

  document.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const tab = event.target.closest?.(".mail [role=tab]");
    if (!by || !tab) return;
    const tabs = [...tab.parentElement.children];
    tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length].focus();
    event.preventDefault();
  });
})();
