// Makes the chat live: sends without leaving the page, shows answers as they come, and tries again
// with the same hidden number when the line was lost, so that nothing is said twice.
"use strict";

const chat = document.querySelector("[data-chat]");
if (chat) start(chat);

const filled = document.querySelector("[data-names]");
if (filled) {
  const gap = filled.querySelector("[data-name]");
  const empty = gap && gap.textContent;
  filled.elements.name.addEventListener("input", (event) => {
    if (gap) gap.textContent = event.target.value.trim() || empty;
  });
}

function start(page) {
  const log = page.querySelector(".log");
  const trouble = page.querySelector(".trouble");
  const field = page.querySelector("[data-say] textarea");
  let last = page.dataset.last;
  let sending = false;
  let quiet = 0;
  let timer = 0;

  page.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-live]")) return;
    event.preventDefault();
    if (!sending) send(event.target, event.submitter);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  });
  document.addEventListener("visibilitychange", () => {
    quiet = 0;
    if (document.hidden) clearTimeout(timer);
    else look();
  });
  wait();

  async function send(form, button) {
    const said = new URLSearchParams(new FormData(form));
    const typed = field.value;
    if (button && button.name) said.set(button.name, button.value);
    said.set("after", last);
    busy(true);
    let answer = null;
    for (let tries = 0; !answer; tries += 1) {
      answer = await ask(form.getAttribute("action"), said);
      if (!answer) await pause(Math.min(1000 * 2 ** tries, 15000));
    }
    busy(false);
    if (answer.status >= 500) { tell(page.dataset.lost); return; }
    tell("");
    if (!(await show(answer))) return;
    if (form.matches("[data-say]") && field.value === typed) form.reset();
    quiet = 0;
    wait();
  }

  // Returns null where it must be tried again.
  async function ask(action, said) {
    try {
      const answer = await fetch(action, {
        method: "POST", body: said, headers: { accept: "application/json" }, redirect: "follow",
      });
      if (answer.status !== 503) return answer;
      tell(page.dataset.busy);
    } catch {
      tell(page.dataset.lost);
    }
    return null;
  }

  // Shows what came; returns false where the page is another one now.
  async function show(answer) {
    const kind = answer.headers.get("content-type") || "";
    if (answer.status === 204) return true;
    if (answer.ok && kind.startsWith("application/json")) {
      add(await answer.json());
      return true;
    }
    if (answer.ok && kind.startsWith("text/html")) {
      clearTimeout(timer);
      const other = new DOMParser().parseFromString(await answer.text(), "text/html");
      page.replaceWith(document.adoptNode(other.querySelector("main")));
      scrollTo(0, 0);
      return false;
    }
    location.assign(answer.status === 404 ? "/" : "/chat");
    return false;
  }

  function add(news) {
    const part = document.createElement("template");
    part.innerHTML = news.html;
    for (const one of [...part.content.querySelectorAll("li")]) {
      // Numbers of letters have 63 bits, more than a Number holds.
      if (BigInt(one.dataset.id) <= BigInt(last)) one.remove();
    }
    const first = part.content.querySelector("li");
    document.getElementById("new")?.removeAttribute("id");
    log.append(part.content);
    last = news.last;
    for (const form of page.querySelectorAll("[data-offer].choices")) {
      if (form.dataset.offer !== "0" && form.dataset.offer !== String(news.offer)) form.remove();
    }
    for (const hidden of page.querySelectorAll("input[name=nonce]")) hidden.value = news.nonce;
    if (first) first.scrollIntoView({ block: "start" });
  }

  async function look() {
    clearTimeout(timer);
    if (!sending && !document.hidden) {
      try {
        const answer = await fetch(`/chat/letters?after=${last}`, { cache: "no-store" });
        if (answer.status === 404) { location.assign("/"); return; }
        if (!sending && answer.status === 200) { add(await answer.json()); quiet = 0; }
        if (answer.ok) tell("");
      } catch {
        tell(page.dataset.lost);
      }
    }
    quiet += 1;
    wait();
  }

  // Often just after something was said, then less and less: her data and battery are dear.
  function wait() {
    clearTimeout(timer);
    timer = setTimeout(look, quiet < 40 ? 3000 : quiet < 80 ? 10000 : 30000);
  }

  function busy(is) {
    sending = is;
    page.setAttribute("aria-busy", String(is));
  }

  function tell(words) {
    trouble.textContent = words;
    trouble.hidden = !words;
  }

  function pause(milliseconds) {
    return new Promise((done) => { setTimeout(done, milliseconds); });
  }
}
