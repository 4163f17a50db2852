// What the page asks of its server: every refusal becomes an Error whose message is the server's sentence.

async function asked(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "omit", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is salquest demo still running?");
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(sentence(told.error || `The server answered ${answer.status}.`));
  }
  return answer;
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

export const mapPath = (key, model, file) => `/pictures/${key}/maps/${encodeURIComponent(model)}${file ? `/${file}` : ""}`;

export const catalogue = async () => (await asked("/catalogue")).json();

export async function sample(key) {
  const [picture, fixations] = await Promise.all([asked(`/samples/${key}`), asked(`/samples/${key}/fixations`)]);
  return { picture: await picture.blob(), fixations: await fixations.text() };
}

export async function send(blob, name, signal) {
  const type = blob.type.startsWith("image/") ? blob.type : "application/octet-stream";
  const options = { method: "POST", body: blob, headers: { "content-type": type }, signal };
  return (await asked(`/pictures?name=${encodeURIComponent(name)}`, options)).json();
}

export const predict = async (key, model, signal) => (await asked(mapPath(key, model), { method: "POST", signal })).json();

export async function score(key, models, fixations, sigma, signal) {
  const query = new URLSearchParams(models.map((model) => ["model", model]));
  if (sigma) query.set("sigma", sigma);
  const options = { method: "POST", body: fixations, headers: { "content-type": "text/csv" }, signal };
  return (await asked(`/pictures/${key}/scores?${query}`, options)).json();
}

export async function keep(path, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await (await asked(path)).blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
