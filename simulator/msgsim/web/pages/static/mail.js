// E-mails: fits the height of their frames to the content, and switches between the width of a phone and a desktop.
(() => {
  "use strict";
  // The frame has the origin of this page and runs no scripts, so that its content can be measured. Measuring sets its
  // height to 0 for a moment; afterwards the conversation is scrolled to its end if it was there, else to where it was.
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
