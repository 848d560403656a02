const element = (id) => document.getElementById(id);
let stop = () => {};

element("demo").addEventListener("change", start);
for (const radio of document.querySelectorAll("[name=way]")) {
  radio.addEventListener("change", start);
}

async function start() {
  const [file] = element("demo").files;
  if (file === undefined) return;
  stop();
  element("readings").replaceChildren();
  const demo = JSON.parse(await file.text());
  const way = document.querySelector("[name=way]:checked").value;
  try {
    await (way === "ticket" ? followWithTicket(demo) : followWithToken(demo));
  } catch (error) {
    if (error.name !== "AbortError") say(`Failed: ${error.message}`);
  }
}

/** EventSource reconnects and resumes by itself; the ticket stays good for that. */
async function followWithTicket({ base_url, site_id, token }) {
  const response = await fetch(`${base_url}/stream/tickets`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ site_ids: [site_id] }),
  });
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  const { ticket } = await response.json();
  const source = new EventSource(
    `${base_url}/stream/sites/${site_id}?ticket=${encodeURIComponent(ticket)}`,
  );
  stop = () => source.close();
  source.onopen = () => say("Connected with a ticket.");
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.onerror = () => say("Reconnecting …");
}

async function followWithToken({ base_url, site_id, token }) {
  const controller = new AbortController();
  stop = () => controller.abort();
  const response = await fetch(`${base_url}/stream/sites/${site_id}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: controller.signal,
  });
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  say("Connected with the token.");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data:"));
      if (data !== undefined) show(JSON.parse(data.slice(5)));
    }
  }
  say("The stream ended.");
}

function show({ der_id, der_name, type, W, SoC_nom_fract, timestamp }) {
  const row = element(der_id) ?? element("readings").insertRow();
  row.id = der_id;
  const charge = SoC_nom_fract === undefined ? "" : `, ${Math.round(SoC_nom_fract * 100)} % full`;
  const cells = [
    `${der_name} (${type})`,
    `${W} W${charge}`,
    new Date(timestamp).toLocaleTimeString(),
  ];
  row.replaceChildren(
    ...cells.map((content) =>
      Object.assign(document.createElement("td"), { textContent: content }),
    ),
  );
}

function say(sentence) {
  element("status").textContent = sentence;
}
