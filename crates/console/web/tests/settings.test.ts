import assert from "node:assert/strict";
import { test } from "node:test";

import { gatewayFault, recall, recallOpened, remember, rememberOpened, usualGateway, type Origin } from "../phone/settings.js";

const origin = (more: Partial<Origin> = {}): Origin => ({
  protocol: "http:",
  hostname: "pbx.example.org",
  wsPort: "",
  wssPort: "",
  path: "",
  ...more,
});

test("the gateway is where the page came from, encrypted when the page was", () => {
  assert.equal(usualGateway(origin()), "ws://pbx.example.org:10888/webrtcgateway/ws");
  assert.equal(usualGateway(origin({ protocol: "https:" })), "wss://pbx.example.org:10889/webrtcgateway/ws");
  assert.equal(usualGateway(origin({ wsPort: "8000", path: "/x" })), "ws://pbx.example.org:8000/x");
  assert.equal(
    usualGateway(origin({ protocol: "https:", hostname: "[::1]", wssPort: "8001" })),
    "wss://[::1]:8001/webrtcgateway/ws",
  );
});

test("an address that cannot work is named before it is tried", () => {
  assert.equal(gatewayFault("ws://x:1/y", origin()), undefined);
  assert.match(gatewayFault("nonsense", origin()) ?? "", /not an address/);
  assert.match(gatewayFault("https://x/", origin()) ?? "", /ws:\/\/ or wss:\/\//);
  assert.match(gatewayFault("ws://x/#y", origin()) ?? "", /#/);
  assert.match(gatewayFault("ws://x/", origin({ protocol: "https:" })) ?? "", /wss:/);
});

test("settings are remembered, and broken ones forgotten", () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const usual = { user: "", domain: "127.0.0.1", name: "", gateway: "", processing: true };
  assert.deepEqual(recall(store, usual), usual);
  const chosen = { user: "1001", domain: "x", name: "Al", gateway: "ws://y/", processing: false };
  remember(store, chosen);
  assert.deepEqual(recall(store, usual), chosen);
  assert.doesNotMatch([...kept.values()].join(), /ha1|password/);
  kept.set("jackfield.phone.settings", '{"user":5,"domain":null}');
  assert.deepEqual(recall(store, usual), usual);

  const opened = { account: "1001@x", ha1: "72f86f2053703faa0f521ce71cfe6f59" };
  rememberOpened(store, opened);
  assert.deepEqual(recallOpened(store), opened);
  rememberOpened(store, { account: "1001@x", ha1: "short" });
  assert.equal(recallOpened(store), undefined);
  rememberOpened(store, undefined);
  assert.equal(recallOpened(store), undefined);
});
