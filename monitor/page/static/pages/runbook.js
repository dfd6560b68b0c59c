// The runbook: what to do on each alarm.

import { byId } from "../lib/dom.js";
import { getText, NoAnswer } from "../lib/http.js";
import { prose } from "../lib/prose.js";
import { begin, fail } from "./record.js";

const TEXT = "/api/v1/runbook";

// the paragraph that the address names was not there when the browser looked for it
function goToParagraph() {
  const node = byId(decodeURIComponent(window.location.hash.slice(1)));
  for (const old of document.querySelectorAll(".target")) old.classList.remove("target");
  if (!node) return;
  node.classList.add("target");
  node.scrollIntoView();
  node.focus({ preventScroll: true });
}

async function load() {
  let text;
  try { text = await getText(TEXT); } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    fail(error.words, error.status === 404, "This monitor has no runbook.");
    return;
  }
  byId("content").replaceChildren(...prose(text.replace(/^# .*\n/, ""))); // the head of the page has the title
  document.body.classList.remove("loading");
  goToParagraph();
}

begin("Runbook");
window.addEventListener("hashchange", goToParagraph);
load();
