import { afterEach, expect, describe, test as plain } from "vitest";

import { MsgsimError, start } from "../src/index.js";
import { test } from "../src/vitest.js";

/** An application: it knows a base URL and an account. @param {import("../src/index.js").Sandbox} msgsim @param {object} message */
async function send(msgsim, message) {
  const { username, password } = await msgsim.credentials("messente");
  const answer = await fetch(`${await msgsim.baseUrl("messente")}/omnimessage`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${username}:${password}`)}`, "Content-Type": "application/json" },
    body: JSON.stringify(message),
  });
  return { status: answer.status, body: JSON.parse((await answer.text()) || "null") };
}

const TO = "+37255500001";
const MESSAGE = { to: TO, messages: [{ channel: "viber", text: "Hello" }, { channel: "sms", text: "Hello" }] };

describe("a sandbox of its own per test", () => {
  test("sms takes over when viber fails", async ({ msgsim }) => {
    await msgsim.scenario("viber-falls-back-to-sms");
    const sent = await send(msgsim, MESSAGE);
    expect(sent.status).toBe(201);
    const moved = await msgsim.clock.advance("1m");
    expect(moved.happened.length).toBeGreaterThan(0);
    const message = await msgsim.messages.wait({ to: TO, status: "DELIVRD" });
    expect(message.channels.map((channel) => channel.status)).toEqual(["UNDELIV", "DELIVRD"]);
    expect((await msgsim.messages.get(sent.body.omnimessage_id)).to).toBe(TO);
    expect(await msgsim.messages.explain(sent.body.omnimessage_id)).toHaveProperty("next");
  });

  test("nothing of another test is here, and what does not come is told", async ({ msgsim }) => {
    expect(await msgsim.messages.list()).toEqual([]);
    await expect(msgsim.messages.wait({ to: TO, timeout: "10ms" })).rejects.toMatchObject({
      name: "TimedOut",
      status: 408,
      message: expect.stringContaining("near: nothing has asked this server"),
    });
  });

  test("reports come to a sink, which answers as it is told", async ({ msgsim }) => {
    const sink = msgsim.sink("reports");
    await sink.answer({ status: 503, times: 1 }, { status: 200 });
    await send(msgsim, { ...MESSAGE, dlr_url: sink.url });
    await msgsim.clock.runUntilIdle();
    const [first, ...rest] = await sink.wait({ count: 2 });
    expect(first.answered).toBe(503);
    expect(rest.map((post) => post.answered)).toContain(200);
    const [callback] = await msgsim.callbacks.list();
    await msgsim.callbacks.replay(callback.number);
    await sink.clear();
    expect(await sink.posts()).toEqual([]);
  });

  test("refused requests are listed with their reason", async ({ msgsim }) => {
    const { status, body } = await send(msgsim, { ...MESSAGE, to: "37255500001" });
    expect([status, body.errors[0].code]).toEqual([400, "105"]);
    const [request] = await msgsim.requests.list({ refused: true });
    expect(request.status).toBe(400);
    expect(await msgsim.requests.explain(request.number)).toBeTruthy();
  });

  test("a status can be forced, a message cancelled, a phone can write", async ({ msgsim }) => {
    const { body } = await send(msgsim, MESSAGE);
    await msgsim.messages.force(body.omnimessage_id, "rejected");
    expect((await msgsim.messages.get(body.omnimessage_id)).channels[0].status).toBe("REJECTD");
    const other = await send(msgsim, { ...MESSAGE, time_to_send: "2036-01-01T00:00" });
    await msgsim.messages.cancel(other.body.omnimessage_id);
    expect(await msgsim.inbound({ provider: "sinch", from: "5511988887777", to: "29050", text: "YES" })).toHaveProperty("id");
  });

  test("mistakes are errors that say what is wrong", async ({ msgsim }) => {
    await expect(msgsim.scenario("viber-falls-bak-to-sms")).rejects.toBeInstanceOf(MsgsimError);
    await expect(msgsim.scenario("viber-falls-bak-to-sms")).rejects.toThrow("viber-falls-back-to-sms");
    await expect(msgsim.clock.advance("1 fortnight")).rejects.toThrow("fortnight");
    await expect(msgsim.clock.advance(/** @type {any} */ (60))).rejects.toThrow("is not a duration; write 250ms");
    await expect(msgsim.baseUrl(/** @type {any} */ ("mesente"))).rejects.toThrow("there is no provider 'mesente' (there are cima360,");
    await expect(msgsim.credentials(/** @type {any} */ ("toString"))).rejects.toThrow("there is no provider 'toString'");
  });

  test("own rules are YAML, and the clock can be looked at and set", async ({ msgsim }) => {
    await msgsim.scenario("name: teapot\nrules:\n  - respond: {status: 418}\n");
    expect(await send(msgsim, MESSAGE)).toEqual({ status: 418, body: null });
    await msgsim.clock.set("2036-01-01T00:00:00Z");
    expect((await msgsim.clock.now()).now).toBe("2036-01-01T00:00:00.000Z");
    await msgsim.clock.speed(60);
    await msgsim.clock.freeze();
    await msgsim.reset();
  });
});

describe("a server", () => {
  /** @type {import("../src/index.js").Simulator | undefined} */
  let simulator;
  afterEach(() => simulator?.stop());

  plain("starts with options, and stops", async () => {
    simulator = await start({ seed: 1, clock: "frozen@2026-01-01T00:00:00Z", scenario: "delivered" });
    expect((await simulator.health()).status).toBe("ok");
    expect((await simulator.default.clock.now()).now).toBe("2026-01-01T00:00:00.000Z");
    await simulator.stop();
    await expect(simulator.health()).rejects.toThrow(/no simulator answers at http.*; start one with: msgsim serve/);
  });

  plain("says why it does not start", async () => {
    await expect(start({ scenario: "no-such-scenario" })).rejects.toThrow("no-such-scenario");
    await expect(start({ command: "/no/such/msgsim" })).rejects.toThrow("/no/such/msgsim");
  });

  plain("that runs already is used where MSGSIM_URL names it", async () => {
    simulator = await start();
    process.env.MSGSIM_URL = simulator.url;
    try {
      const same = await start();
      await same.stop();
      expect((await same.health()).status).toBe("ok");
    } finally {
      delete process.env.MSGSIM_URL;
    }
  });
});
