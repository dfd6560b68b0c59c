// Accounting and health of the chain: counted, missing, repeated, latency, throughput, queues.

import { byId, definition, put } from "../lib/dom.js";
import { fixed, plural, short, UNKNOWN, whole } from "../lib/format.js";
import { isSilent } from "./head.js";

// what a monitor may tell besides the fixed fields; a field that it does not tell has no box
const EXTRA = {
  commit_ms: ["EOB to booked", (v) => `${whole(v)} ms`],
  events_per_second: ["events/s", short],
  frames_per_second: ["frames/s", short],
  queue_depth: ["queue", whole],
  queued_frames: ["frames queued", whole],
  in_flight: ["frames in flight", whole],
  spool_free_bytes: ["disk free", (v) => `${fixed(v / 1e9, 1)} GB`],
};

export function showBooks(totals) {
  if (!totals) return;
  put("counted", whole(totals.n_counted));
  put("missing", whole(totals.n_missing));
  put("incomplete", whole(totals.n_incomplete));
  put("n-spills", whole(totals.n_spills));
  byId("box-missing").classList.toggle("bad", totals.n_missing > 0);
  byId("box-incomplete").classList.toggle("bad", totals.n_incomplete > 0);
  const lost = totals.n_events - totals.n_counted - totals.n_missing;
  put("balance", lost === 0 ? `${whole(totals.n_events)} generated = counted + missing` : `BOOKS WRONG: ${plural(Math.abs(lost), "event")} unaccounted for`);
  byId("balance").classList.toggle("wrong", lost !== 0);
}

export function showChain(chain) {
  const silent = isSilent(chain), say = (value) => (silent ? UNKNOWN : whole(value));
  put("workers", say(chain.workers));
  byId("box-workers").classList.toggle("bad", !silent && chain.workers === 0);
  put("open-bursts", say(chain.open_bursts));
  put("duplicates", say(chain.duplicates));
  put("refused", say(chain.refused));
  byId("box-refused").classList.toggle("bad", !silent && chain.refused > 0);
  const bad = silent || chain.bad_frames === null ? null : Object.entries(chain.bad_frames).filter(([, n]) => n > 0);
  put("bad-count", bad === null ? UNKNOWN : whole(bad.reduce((sum, [, n]) => sum + n, 0)));
  byId("box-bad").classList.toggle("bad", bad !== null && bad.length > 0);
  put("bad-why", (bad ?? []).map(([why, n]) => `${why}: ${n}`).join(", "));
  showExtra(chain, silent);
}

function showExtra(chain, silent) {
  const told = Object.entries(EXTRA).filter(([key]) => key in chain);
  byId("chain-extra").replaceChildren(...told.map(([key, [label, write]]) => definition(label, silent || chain[key] === null ? UNKNOWN : write(chain[key]))));
  const queues = Object.entries(chain.queues ?? {});
  put("queues", queues.length && !silent ? `queues: ${queues.map(([name, n]) => `${name} ${whole(n)}`).join(", ")}` : "");
}

// events of the last spill over the time from one booking to the next is the pace of the whole chain
export function showPace(spills) {
  const last = spills.at(-1);
  put("pace", last && last.spill_seconds ? `${short(last.n_counted / last.spill_seconds)} events per second of spill` : "");
}
