"use strict";
// Looks again by itself, and puts times into the reader's own. Without it the page is whole too.
const local = () => {
  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const sameDay = at.toDateString() === new Date().toDateString();
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    time.textContent = sameDay
      ? at.toLocaleTimeString([], clock)
      : at.toLocaleString([], { month: "short", day: "numeric", ...clock });
    time.title = at.toISOString();
  }
};
const look = async () => {
  const main = document.querySelector("main");
  try {
    const answer = await fetch("/page/now", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    main.replaceWith(fresh.querySelector("main"));
    document.title = `${document.querySelector("h1").textContent} - status`;
    document.body.classList.remove("stale");
    local();
  } catch {
    // What is shown is as old as it says.
    document.body.classList.add("stale");
  }
  setTimeout(look, 1000 * Number(document.querySelector("main").dataset.every));
};
local();
setTimeout(look, 1000 * Number(document.querySelector("main").dataset.every));
