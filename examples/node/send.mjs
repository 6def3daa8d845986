// Sends a reading a second to Sentinela, with nothing but Node (18 or newer).
//
//   SENTINELA_URL=http://localhost:8000 SENTINELA_KEY=snt_d_… SENTINELA_SERVER=01J… node examples/node/send.mjs
//
// The key and the server's ULID are what POST /servers answered. An argument ends it after so many readings.
// What waits is kept in memory: a process that ends loses it. Each reading has its timestamp from the start, so
// sending it again changes nothing.

const { SENTINELA_URL, SENTINELA_KEY, SENTINELA_SERVER, SECONDS_BETWEEN = "1" } = process.env;
if (!SENTINELA_URL || !SENTINELA_KEY || !SENTINELA_SERVER) {
  console.error("set SENTINELA_URL, SENTINELA_KEY and SENTINELA_SERVER");
  process.exit(2);
}
const COUNT = Number(process.argv[2] ?? Infinity);
const MOST = 1000; // readings a request: the receipt names each refused one of so many
const HELD = 100_000; // in memory, some 20 MB; past it the oldest are dropped, and it is said
const RETRY = new Set([408, 429, 500, 502, 503, 504]);

const waiting = [];
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Put your sensor in here.
function measure() {
  return {
    temperature: +(22 + Math.random()).toFixed(1),
    humidity: +(48 + Math.random()).toFixed(1),
    voltage: +(219 + 2 * Math.random()).toFixed(1),
    current: +(1 + Math.random()).toFixed(2),
  };
}

// How many seconds to wait before the next try; 0 when the batch is done with.
async function post(batch, attempt) {
  const pause = Math.min(60, 0.5 * 2 ** attempt) * (0.5 + Math.random() / 2);
  let response;
  try {
    response = await fetch(`${SENTINELA_URL}/data`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${SENTINELA_KEY}` },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(30_000),
    });
  } catch (error) {
    console.error(`no answer: ${error.cause?.code ?? error.message}`);
    return pause;
  }
  const answer = await response.json().catch(() => ({}));
  if (response.status === 201) {
    for (const { index, detail } of answer.rejected ?? []) console.error("refused:", JSON.stringify(batch[index]), detail);
    return 0;
  }
  console.error(`${response.status}: ${answer.detail ?? response.statusText}`);
  if (RETRY.has(response.status)) return Math.max(pause, Number(response.headers.get("retry-after")) || 0);
  if (response.status === 401 || response.status === 403) return 30; // waits until the key is mended
  return 0; // refused for good
}

async function send() {
  while (waiting.length) {
    const batch = waiting.splice(0, MOST);
    for (let attempt = 0; ; attempt++) {
      const pause = await post(batch, attempt);
      if (!pause) break;
      await sleep(pause);
    }
  }
}

let sending = null;
for (let number = 0; number < COUNT; number++) {
  waiting.push({ server_ulid: SENTINELA_SERVER, timestamp: new Date().toISOString(), ...measure() });
  if (waiting.length > HELD) console.error("dropped the oldest reading:", JSON.stringify(waiting.shift()));
  sending ??= send().finally(() => (sending = null));
  await sleep(Number(SECONDS_BETWEEN));
}
await sending;
await send();
