// Questions to the server. What is not served (404) and what is not available (no answer, 5xx) are different things.

export class NoAnswer extends Error {
  constructor(path, status) { super(`${path}: ${status || "no answer"}`); this.status = status; }
  get words() {
    if (this.status === 404) return "not served by this monitor";
    if (this.status === 401 || this.status === 403) return "the token was refused";
    if (this.status === 400 || this.status === 422) return "the request was refused as malformed";
    if (this.status === 405 || this.status === 501) return "this monitor takes no entries";
    if (this.status === 429) return "too many entries: wait a minute";
    return "not available now";
  }
}

async function answer(path, options) {
  let response;
  try { response = await fetch(path, { cache: "no-store", ...options }); } catch { throw new NoAnswer(path, 0); }
  if (!response.ok) throw new NoAnswer(path, response.status);
  return response;
}

export const get = async (path) => (await answer(path)).json();
export const getText = async (path) => (await answer(path)).text();

// {value} or {fault: words}; never throws for an answer that is missing
export async function ask(path) {
  try { return { value: await get(path), fault: "" }; } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { value: null, fault: error.words, absent: error.status === 404 };
  }
}

export async function post(path, token, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  await answer(path, { method: "POST", headers, body: JSON.stringify(body) });
}
