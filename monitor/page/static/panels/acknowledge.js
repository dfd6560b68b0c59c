// Forms that write to the log: taking an alarm, a comment on a spill or a run. The token stays in this page's memory.

import { byId, element } from "../lib/dom.js";
import { NoAnswer, post } from "../lib/http.js";

let token = "";
const storedWho = () => { try { return localStorage.getItem("who") ?? ""; } catch { return ""; } };
const keepWho = (who) => { try { localStorage.setItem("who", who); } catch { /* asked for again next time */ } };

function field(form, label, name, options = {}) {
  const box = element("label", label), input = element(options.lines ? "textarea" : "input");
  input.name = name;
  input.required = options.required ?? true;
  input.maxLength = options.max ?? 80;
  if (options.type) input.type = options.type;
  if (options.value) input.value = options.value;
  input.autocomplete = options.complete ?? "off";
  box.append(input);
  form.append(box);
}

// `send(values)` posts; `done()` is called after it was taken
export function entryForm(textLabel, verb, send, done) {
  const form = element("form", "", "entry"), note = element("p", "", "form-note"), go = element("button", verb);
  field(form, textLabel, "text", { lines: true, max: 2000, required: verb !== "Acknowledge" });
  field(form, "Your name", "who", { value: storedWho(), complete: "name" });
  field(form, "Token of the control room", "token", { type: "password", value: token, max: 200, complete: "current-password" });
  note.setAttribute("role", "status");
  form.append(go, note);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    go.disabled = true;
    note.textContent = "sending …";
    try {
      await send({ text: values.text.trim(), who: values.who.trim() }, values.token);
      token = values.token;
      keepWho(values.who.trim());
      note.textContent = "taken";
      form.elements.text.value = "";
      await done();
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      note.textContent = `Not taken: ${error.words}.`;
    } finally { go.disabled = false; }
  });
  return form;
}

export const commentForm = (place, done) => entryForm("Comment", "Add the comment", (values, secret) => post("/api/v1/log", secret, { kind: "comment", run: null, burst: null, subject: null, ...place, ...values }), done);

function openDialog(alarm, done) {
  const dialog = byId("dialog"), close = element("button", "Close"), name = alarm.stream ? `${alarm.name}: ${alarm.stream}` : alarm.name;
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  const send = ({ text, who }, secret) => post(`/api/v1/alarms/${encodeURIComponent(alarm.name)}/acknowledge`, secret, { who, stream: alarm.stream ?? null, comment: text });
  const form = entryForm("Comment (may be empty)", "Acknowledge", send, async () => { dialog.close(); await done(); });
  dialog.replaceChildren(element("h2", `Acknowledge ${name}`), element("p", "This says who has taken the alarm. It does not end the alarm."), form, close);
  dialog.showModal();
}

export function acknowledgeButton(alarm, done) {
  const button = element("button", "Acknowledge …", "ack");
  button.type = "button";
  button.addEventListener("click", () => openDialog(alarm, done));
  return button;
}
