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
const every = () => 1000 * Number(document.querySelector("main").dataset.every);
const say = (word, stale) => {
  document.title = `${word} - status`;
  document.body.classList.toggle("stale", stale);
  document.querySelector(".unheard").hidden = !stale;
};
let next;
const look = async () => {
  clearTimeout(next);
  try {
    // A server that takes the question and says nothing is no answer either.
    const signal = AbortSignal.timeout(2 * every());
    const answer = await fetch("/page/now", { cache: "no-store", signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    say(document.querySelector("h1").textContent, false);
    local();
  } catch {
    // What is shown is as old as it says.
    say("Not known", true);
  }
  clearTimeout(next);
  next = setTimeout(look, every());
};
// A page in the background is let look rarely: whoever comes back to it isn't shown the past.
document.addEventListener("visibilitychange", () => document.hidden || look());
local();
next = setTimeout(look, every());
