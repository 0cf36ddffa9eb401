import { AmfTypedObject, type AmfValue } from "@millrace/core/amf";
import { netStatus } from "@millrace/core/rtmp";
import type { PortEffect, PortEvent } from "./port.ts";

const ARGS: AmfValue[] = [1, -1.5, "text", true, null, undefined, [1, [2]], { a: { b: new Uint8Array([1, 2]) } }];
const TYPED = new AmfTypedObject("Point", { x: 1, y: 2 });
const STREAM = { name: "cam", query: "key=1", mode: "live" };
const STATUS = netStatus("NetConnection.Call.Failed", "Why.", { application: { reason: 7 } });

/** One event of each kind. */
export const EVENTS: readonly PortEvent[] = [
	{
		kind: "connect",
		client: {
			id: "c1",
			remoteAddress: "192.0.2.1",
			protocol: "rtmps",
			secure: true,
			tcUrl: "rtmps://example.org/chat",
			pageUrl: "https://example.org/",
			swfUrl: "",
			flashVer: "WIN 9,0,45,0",
			query: "a=1",
			objectEncoding: 3,
			args: [...ARGS, TYPED],
			virtualKey: "A",
		},
	},
	{ kind: "disconnect", client: "c1" },
	{ kind: "call", client: "c1", call: 3, name: "chat/say", args: ARGS },
	{ kind: "answer", client: "c1", call: 4, failed: true, value: TYPED },
	{ kind: "publish", client: "c1", request: 5, stream: { ...STREAM, prefix: "mp4" } },
	{ kind: "unpublish", client: "c1", stream: STREAM },
	{ kind: "play", client: "c1", request: 6, stream: { ...STREAM, mode: "play" } },
	{ kind: "stop", client: "c1", stream: STREAM },
	{ kind: "shared-object", client: "c1", type: 16, body: new Uint8Array([0, 1, 2]) },
	{ kind: "recorded", file: { name: "cam", path: "/x/cam.flv", seconds: 1.5, bytes: 1e10 } },
	{ kind: "stream-status", stream: "cam", status: STATUS },
	{ kind: "stream-status", stream: "cam", push: 8, status: { ...STATUS, code: "NetStream.Other" } },
	{ kind: "reply", ask: 7, failed: false, value: { bytes: 1 } },
	{ kind: "idle" },
];

/** One effect of each kind. */
export const EFFECTS: readonly PortEffect[] = [
	{ kind: "accept", client: "c1", isMeasured: true },
	{ kind: "reject", client: "c1", status: netStatus("NetConnection.Connect.Rejected") },
	{ kind: "result", client: "c1", call: 1, value: [ARGS, TYPED] },
	{ kind: "error", client: "c1", call: 2, status: STATUS },
	{ kind: "call", client: "c1", call: 3, name: "say", args: ARGS },
	{ kind: "broadcast", name: "said", args: ARGS },
	{ kind: "allow", client: "c1", request: 4 },
	{ kind: "refuse", client: "c1", request: 5, status: netStatus("NetStream.Play.Failed") },
	{ kind: "access", client: "c1", read: "/", write: "a;b" },
	{ kind: "bandwidth", client: "c1", toClient: 1e6, fromClient: 0 },
	{ kind: "shared-object", clients: ["c1", "c2"], type: 19, body: new Uint8Array(0) },
	{ kind: "stream", stream: "tv", action: "play", args: ["film", { start: 0 }] },
	{ kind: "ask", ask: 6, question: "ping", args: ["c1"], isAwaited: false },
	{ kind: "ask", ask: 7, question: "stream-length", args: ["film"], isAwaited: true },
	{ kind: "handles", names: ["FCPublish", "getStreamLength"] },
	{ kind: "decline", client: "c1", call: 8 },
	{ kind: "sample-access", client: "c1", audio: "/", video: "a;b" },
	{ kind: "close", client: "c1" },
	{ kind: "log", level: "warn", text: "Look." },
	{ kind: "unload" },
	{ kind: "virtual-key", client: "c1", key: "A" },
	{ kind: "shutdown" },
];
