// Live updates: each event marks the parts of the page that it concerns (data-on), and after a pause one request gets
// their new HTML, which replaces them.
(() => {
  "use strict";
  const PAUSE = 120;
  const dirty = new Set();
  let timer = 0;
  let busy = false;

  const here = () => new URLSearchParams(location.search);

  function concerned(element, kind, told) {
    const { key, message, callback } = element.dataset;
    if (kind === "callback" && callback && told.number !== undefined) return callback === String(told.number);
    if (kind === "callback" && message && told.number !== undefined) return message === told.message;
    if (!key || kind !== "message" || told.number === undefined) return true;
    return key === String(told.number) || key === String(told.to).replace(/^\+/, "");
  }

  function mark(kind, told) {
    for (const element of document.querySelectorAll(`[data-on~="${kind}"]`)) {
      if (concerned(element, kind, told)) dirty.add(element.dataset.part);
    }
    if (dirty.size && !timer && !busy) timer = setTimeout(bring, PAUSE);
  }

  function drawn(part) {
    for (const element of document.querySelectorAll("[data-part]")) if (element.dataset.part === part) return true;
    return false;
  }

  async function bring() {
    timer = 0;
    busy = true;
    const wanted = [...dirty].filter(drawn).slice(0, 100);
    wanted.forEach((part) => dirty.delete(part));
    const query = here();
    query.delete("part");
    const reading = document.getElementById("thread")?.dataset.who;
    if (reading) query.set("to", reading);
    wanted.forEach((part) => query.append("part", part));
    const asked = location.search;
    try {
      const answer = await fetch(`/__sim/parts?${query}`, { headers: { "X-Requested-With": "live" } });
      const text = await answer.text();
      await slid;
      if (!answer.ok) stale();
      else if (location.search === asked) sliding(() => place(text, wanted));
      else wanted.forEach((part) => dirty.add(part)); // The search was changed during the request.
    } catch {
      // No connection. When the event stream reconnects, all parts are requested again.
    }
    busy = false;
    for (const part of [...dirty]) if (!drawn(part)) dirty.delete(part);
    if (dirty.size) timer = setTimeout(bring, PAUSE);
  }

  // Animates blocks that a change moves vertically: they start at their old position, stay there for the delay of SLIDE
  // and slide to the new one.
  const BLOCKS = "section, article, div, p, li, tr, table, form, header, footer";
  const SLIDE = { delay: 60, duration: 200, easing: "ease-out", fill: "backwards" };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let slid = Promise.resolve();

  function sliding(change) {
    const before = new Map();
    for (const one of document.querySelectorAll(`#main :is(${BLOCKS})`)) {
      const { top, bottom } = one.getBoundingClientRect();
      if (bottom > 0 && top < innerHeight && one.checkVisibility()) before.set(one, top);
    }
    change();
    if (calm.matches) return;
    const by = new Map();
    for (const [one, top] of before) if (one.isConnected) by.set(one, top - one.getBoundingClientRect().top);
    const slides = [];
    for (const [one, moved] of by) {
      const own = moved - (by.get(one.parentElement.closest(BLOCKS)) ?? 0);
      if (Math.abs(own) >= 1) slides.push(one.animate([{ transform: `translateY(${own}px)` }, { transform: "none" }], SLIDE));
    }
    slid = Promise.allSettled(slides.map((slide) => slide.finished)).then(() => new Promise(requestAnimationFrame));
  }

  // Each element of the HTML replaces the element with its id. New elements are inserted before the element that comes
  // next in the HTML. Elements with data-up, conversations with new messages, move up to just below the previous one.
  function place(html, wanted) {
    const template = document.createElement("template");
    template.innerHTML = html;
    if (isOfOtherData(template.content)) return stale();
    const log = document.getElementById("bubbles");
    const atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const pending = [];
    let before = null;
    for (const made of [...template.content.children]) {
      const old = document.getElementById(made.id);
      if (!old && wanted.includes(made.dataset.part)) continue; // It was removed during the request.
      const goesUp = made.dataset.up !== undefined && before;
      delete made.dataset.up;
      if (old) {
        if (goesUp) before.after(old);
        morph(old, made);
        htmx.process(old);
        const standing = document.getElementById(made.id);
        for (const one of pending.splice(0)) arrive(one, () => standing.before(one));
        before = standing;
      } else if (goesUp) {
        const anchor = before;
        arrive(made, () => anchor.after(made));
        before = made;
      } else {
        pending.push(made);
      }
    }
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  const stale = () => document.dispatchEvent(new Event("sim:stale"));

  // Whether the data of this page are gone: the sandbox was reset, or a server without a file as store was restarted.
  function isOfOtherData(content) {
    const clock = content.getElementById("clock");
    return clock !== null && clock.dataset.world !== document.getElementById("clock")?.dataset.world;
  }

  // Changes an element into a new version of it and keeps all nodes that both have. This preserves focus, scroll
  // positions, opened details, selections, and a click between press and release.
  function morph(old, made) {
    if (old.dataset?.still !== undefined) return; // E-mails are not replaced while they are read.
    take(old, made);
    let next = old.firstChild;
    for (const child of [...made.childNodes]) {
      const twin = twinOf(child, next);
      if (twin) {
        while (next !== twin) next = removed(next);
        next = twin.nextSibling;
        if (twin.nodeType === Node.ELEMENT_NODE) morph(twin, child);
        else if (twin.data !== child.data) twin.data = child.data;
      } else {
        old.insertBefore(child, next);
      }
    }
    while (next) next = removed(next);
  }

  // The old node that a new one replaces: the next element with the same name and id; for a text only the next node.
  function twinOf(child, next) {
    if (child.nodeType !== Node.ELEMENT_NODE) return next?.nodeType === child.nodeType ? next : null;
    for (let one = next; one; one = one.nextSibling) {
      if (one.nodeName === child.nodeName && one.id === child.id) return one;
      if (one.id && !child.id) return null;
    }
    return null;
  }

  function removed(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  // Copies attributes except for those set by scripts or users: class "fresh", titles of times, disabled buttons and
  // opened details.
  function take(old, made) {
    made.classList.toggle("fresh", old.classList.contains("fresh"));
    if (!made.classList.length) made.removeAttribute("class");
    if (old.dateTime && old.title && old.dateTime === made.dateTime) made.title = old.title;
    const own = old.matches("details") ? ["open"] : old.matches("button") ? ["disabled"] : [];
    for (const { name } of [...old.attributes]) if (!made.hasAttribute(name) && !own.includes(name)) old.removeAttribute(name);
    for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value && !own.includes(name)) old.setAttribute(name, value);
  }

  function arrive(made, put) {
    made.classList.add("fresh");
    put();
    htmx.process(made);
  }

  // Keeps the scroll position when earlier messages are inserted above: browsers do not do so at the top of a list.
  let below = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const log = document.getElementById("bubbles");
    if (log && event.target.id === "older") below = log.scrollHeight - log.scrollTop;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const log = document.getElementById("bubbles");
    if (log && below !== null) log.scrollTop = log.scrollHeight - below;
    below = null;
  });

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    event.preventDefault();
    const kind = event.detail.type;
    let told = {};
    try {
      told = JSON.parse(event.detail.data);
    } catch {
      return;
    }
    const isFirst = document.getElementById("waiting") && (kind === "message" || kind === "inbound");
    if (kind === "reset" || isFirst) stale();
    else mark(kind, told);
  });

  // A hidden page closes its event stream, because a browser allows six connections per server.
  const slot = () => document.getElementById("feed");
  let feed = "";
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      feed ||= slot().innerHTML;
      htmx.swap("#feed", "", { swapStyle: "innerHTML" });
    } else if (feed) {
      htmx.swap("#feed", feed, { swapStyle: "innerHTML" });
    }
  });

  // Requests all parts when the event stream opens: events since the page was drawn were not received.
  document.addEventListener("htmx:sseOpen", () => {
    for (const kind of ["message", "exchange", "callback", "clock", "scenario"]) mark(kind, {});
  });

  // Advances the displayed clock between updates, at the sandbox's rate.
  function tick() {
    const clock = document.getElementById("clock");
    const rate = Number(clock?.dataset.rate);
    if (!clock || !rate || document.body.classList.contains("offline")) return;
    if (clock.ticked?.from !== clock.dataset.now) clock.ticked = { from: clock.dataset.now, at: performance.now() };
    const now = new Date(Date.parse(clock.dataset.now) + (performance.now() - clock.ticked.at) * rate).toISOString();
    clock.querySelector("[data-ticking]").textContent = now.slice(11, 19);
    clock.querySelector(".day").textContent = now.slice(0, 10);
  }
  setInterval(tick, 250);

  function toEnd() {
    const log = document.getElementById("bubbles");
    const marked = document.querySelector(".bubble.marked");
    if (marked) marked.scrollIntoView({ block: "center" });
    else if (log) log.scrollTop = log.scrollHeight;
    document.querySelector(".row.open")?.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("DOMContentLoaded", toEnd);
  document.addEventListener("sim:redrawn", toEnd);
  window.addEventListener("load", toEnd);
})();
