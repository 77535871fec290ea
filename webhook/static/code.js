// Copies the code with one tap, also with the tap that opens Zalo. Without this script the code is
// read and typed, or held and copied by hand.
"use strict";

const page = document.querySelector("[data-code]");
const copies = page.querySelector("[data-copy]");
const told = page.querySelector("[data-copied]");
copies.hidden = false;
copies.addEventListener("click", copy);
// The tap goes on to Zalo by itself; nothing may hold it up.
page.querySelector("[data-open]").addEventListener("click", copy);

async function copy() {
  const done = await written(page.dataset.code);
  told.textContent = done ? told.dataset.copied : told.dataset.byHand;
  told.hidden = false;
  if (!done) getSelection().selectAllChildren(page.querySelector(".code strong"));
}

async function written(code) {
  // The old way first: it is done within the tap, and works where the page is not https.
  if (copiedByCommand(code)) return true;
  try {
    await navigator.clipboard.writeText(code);
    return true;
  } catch {
    return false;
  }
}

function copiedByCommand(code) {
  const field = document.createElement("textarea");
  field.value = code;
  field.readOnly = true;
  field.className = "unseen";
  page.append(field);
  field.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  field.remove();
  return done;
}
