// The event stream: reconnects by itself, and says when what is on the page is no longer live.

const SILENT_MS = 6000;
const EVENTS = ["status", "spill", "alarms", "reset"];

export function follow(handlers) {
  let source = null;
  let heard = Date.now();
  let live = false;
  let waiting = null;

  function connect() {
    waiting = null;
    if (source) source.close();
    source = new EventSource("/api/v1/stream");
    heard = Date.now();
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        heard = Date.now();
        const first = !live;
        live = true;
        handlers[name](JSON.parse(event.data), first);
      });
    }
    source.addEventListener("dropped", () => lose("This page was too slow and was let go"));
    source.onerror = () => lose("Connection lost");
  }

  function lose(why) {
    live = false;
    source.close();
    handlers.lost(why, heard);
    // not all viewers at once, when a server comes back
    if (waiting === null) waiting = setTimeout(connect, 1000 + Math.random() * 1000);
  }

  setInterval(() => { if (waiting === null && Date.now() - heard > SILENT_MS) lose("The server is silent"); }, 1000);
  window.addEventListener("online", () => { if (!live && waiting !== null) { clearTimeout(waiting); connect(); } });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
}
