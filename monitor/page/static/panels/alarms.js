// Alarms: what is seen, what to do, where to read on, who has taken it. One entry per alarm, a line for each stream.

import { byId, element, link, put, spillLink } from "../lib/dom.js";
import { plural, utcFull } from "../lib/format.js";
import { INHIBITS, rankOf, shapeOf, stateOf, WORDS } from "../lib/states.js";
import { acknowledgeButton } from "./acknowledge.js";

const SEVERITY = { page: "call now", ticket: "look into it" };
const isQuiet = (alarm) => stateOf(alarm.state) === "OK";
// not judged for a reason that is known, such as a magnet that ramps: one line for all of them
const isHeld = (alarm) => stateOf(alarm.state) === "UNKNOWN" && Boolean(alarm.inhibited);

function grouped(alarms) {
  const groups = new Map();
  for (const alarm of alarms) groups.set(alarm.name, [...(groups.get(alarm.name) ?? []), alarm]);
  return [...groups.values()];
}

function facts(alarm, onDone) {
  const box = element("span", "", "facts"), by = alarm.acknowledged;
  if (alarm.since_run) box.append("since ", spillLink(alarm.since_run, alarm.since_burst), " ");
  if (alarm.inhibited) box.append(element("span", `held back: ${INHIBITS[alarm.inhibited] ?? alarm.inhibited} `, "held"));
  if (by) box.append(element("span", `taken by ${by.who}, ${utcFull(by.when_ns)}${by.comment ? `: ${by.comment}` : ""}`, "taken"));
  else if (rankOf(alarm.state) < 2) box.append(acknowledgeButton(alarm, onDone));
  return box;
}

// the newest worst alarm of a group gives its state; its lines follow, and what to do is said once
function loudRow(alarms, onDone) {
  const [worst] = alarms, state = stateOf(worst.state), row = element("li", "", state), head = element("div", "", "alarm-head");
  row.setAttribute("aria-label", `${worst.name}: ${WORDS[state]}`);
  head.append(shapeOf(state), element("b", worst.name), element("span", `${WORDS[state]} · ${SEVERITY[worst.severity] ?? worst.severity}`, "word"));
  if (worst.runbook?.startsWith("/runbook")) head.append(link(worst.runbook, "what to do"));
  row.append(head);
  if (worst.action) row.append(element("p", worst.action, "action"));
  for (const alarm of alarms) {
    const line = element("p", "", "each"), others = alarms.length > 1 && stateOf(alarm.state) !== state ? ` (${WORDS[stateOf(alarm.state)]})` : "";
    line.title = alarm.text;
    if (alarm.stream) line.append(element("b", `${alarm.stream}${others}: `));
    line.append(alarm.text);
    row.append(line, facts(alarm, onDone));
  }
  return row;
}

function quietRow(alarms) {
  const [first] = alarms, streams = alarms.map((alarm) => alarm.stream).filter(Boolean).join(", "), row = element("li", "", stateOf(first.state));
  row.append(shapeOf(first.state), ` ${first.name}${streams ? `: ${streams}` : ""}`);
  row.title = first.text;
  return row;
}

function showHeld(held) {
  const why = [...new Set(held.map((alarm) => INHIBITS[alarm.inhibited] ?? alarm.inhibited))].join(", ");
  byId("held").hidden = !held.length;
  put("held-why", `? ${plural(held.length, "alarm")} not judged: ${why}`);
  byId("held-list").replaceChildren(...grouped(held).map(quietRow));
}

let drawn = "";
export function showAlarms(answer, onDone) {
  const text = JSON.stringify(answer);
  if (text === drawn) return; // what somebody is reading or pressing is not replaced by the same list
  drawn = text;
  const sorted = [...answer.alarms].sort((a, b) => rankOf(a.state) - rankOf(b.state));
  const held = sorted.filter(isHeld), quiet = sorted.filter(isQuiet), loud = sorted.filter((alarm) => !isHeld(alarm) && !isQuiet(alarm));
  byId("alarm-list").replaceChildren(...grouped(loud).map((group) => loudRow(group, onDone)));
  showHeld(held);
  byId("alarm-none").hidden = loud.length + held.length > 0 || !sorted.length;
  byId("quiet-list").replaceChildren(...grouped(quiet).map(quietRow));
  byId("quiet").open = loud.length + held.length === 0; // room enough to say what is watched
  put("quiet-count", plural(quiet.length, "quiet alarm"));
  put("alarm-count", loud.length ? plural(loud.length, "needs", "need") + " a look" : "");
  put("not-evaluated", answer.not_evaluated?.length ? `not watched now: ${answer.not_evaluated.join(", ")}` : "");
}

export function alarmsUnknown(why) {
  drawn = "";
  byId("alarm-none").hidden = true;
  byId("alarm-list").replaceChildren(element("li", `Alarms: ${why}`, "UNKNOWN"));
}
