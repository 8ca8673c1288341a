// The search of the inbox while the user types: writes the search into the address.
(() => {
  "use strict";
  const rows = () => document.getElementById("rows");

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "search" && !event.detail.parameters.search) delete event.detail.parameters.search;
  });

  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.elt.id !== "search") return;
    const query = new URLSearchParams(new FormData(event.detail.elt));
    if (!query.get("search")) query.delete("search");
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  });

  // After further results of a search were loaded, the list is not updated any more: an update would remove them.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "more" && rows().dataset.searching !== undefined) delete rows().dataset.on;
  });
})();
