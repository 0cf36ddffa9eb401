import { MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import { type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import type { NetConnection } from "./net-connection.ts";
import { NetStream } from "./net-stream.ts";
import { TestNetwork } from "./test-network.ts";

// With a port: one attempt. Without: by the sequential rule, four.
const ONE = "rtmp://host:1935/live";
const FOUR = "rtmp://host/live";
const SUCCESS = "NetConnection.Connect.Success";
const CLOSED = "NetConnection.Connect.Closed";
const FAILED = "NetConnection.Connect.Failed";

type Row = {
	readonly address: string;
	/** What happens, step by step; after each, all follows that needs no time. */
	readonly steps: readonly ((network: TestNetwork, nc: NetConnection) => void)[];
	readonly codes: readonly string[];
	/** How many attempts were made. */
	readonly attempts: number;
};

const connect: Row["steps"][number] = (_network, nc) => nc.connect(ONE);
const reject =
	(code: StatusCode): Row["steps"][number] =>
	network => {
		network.answers.connect = server => server.connection.rejectConnect(netStatus(code, "no"));
	};
const tell =
	(code: StatusCode): Row["steps"][number] =>
	network =>
		network.server.connection.closeGracefully(netStatus(code));

describe("the table of states", () => {
	test.each<[event: string, row: Partial<Row> & Pick<Row, "steps" | "codes">]>([
		["Success", { steps: [connect], codes: [SUCCESS] }],
		["every attempt refused", { address: FOUR, steps: [refuse], codes: [FAILED], attempts: 4 }],
		["RTMFP", { address: "rtmfp://host/app", steps: [], codes: [FAILED], attempts: 0 }],
		[
			"Rejected",
			{
				address: FOUR,
				steps: [reject("NetConnection.Connect.Rejected")],
				codes: ["NetConnection.Connect.Rejected", CLOSED],
			},
		],
		[
			"InvalidApp",
			{
				address: FOUR,
				steps: [reject("NetConnection.Connect.InvalidApp")],
				codes: ["NetConnection.Connect.InvalidApp", CLOSED],
			},
		],
		["close by the client", { steps: [connect, (_network, nc) => nc.close()], codes: [SUCCESS, CLOSED] }],
		["the server's end", { steps: [connect, network => network.drop()], codes: [SUCCESS, CLOSED] }],
		[
			"AppShutdown",
			{
				steps: [connect, tell("NetConnection.Connect.AppShutdown")],
				codes: [SUCCESS, "NetConnection.Connect.AppShutdown", CLOSED],
			},
		],
		[
			"IdleTimeout",
			{
				steps: [connect, tell("NetConnection.Connect.IdleTimeout")],
				codes: [SUCCESS, "NetConnection.Connect.IdleTimeout", CLOSED],
			},
		],
		["connect while connected", { steps: [connect, connect], codes: [SUCCESS, CLOSED, SUCCESS], attempts: 2 }],
	])("%s", async (_event, { address = ONE, steps, codes, attempts = 1 }) => {
		const network = new TestNetwork();
		const { nc, codes: heard } = network.connection({ fallback: "R3" });
		const infos: NetStatus[] = [];
		nc.onStatus = info => infos.push(info);
		const begins = steps.includes(connect);
		if (!begins) for (const step of steps) step(network, nc);
		if (!begins) nc.connect(address);
		await network.run();
		for (const step of begins ? steps : []) {
			step(network, nc);
			await network.run();
		}
		expect(heard).toEqual(codes);
		expect(network.targets).toHaveLength(attempts);
		expect(nc.connected).toBe(codes.at(-1) === SUCCESS);
		const levels = new Map(infos.map(({ code, level }) => [code, level]));
		for (const [code, level] of levels) expect([code, level]).toEqual([code, LEVELS[code]]);
	});

	test("calls, commands and data wait for Success and keep their order; audio and video are dropped", async () => {
		const network = new TestNetwork();
		network.answers.call = (server, call) => server.connection.sendResult(call, call.name);
		const { nc } = network.connection();
		const ns = new NetStream(nc);
		nc.connect(ONE);
		nc.call("first", null, 1);
		ns.publish("cam");
		ns.sendMedia(new MediaMessage(MEDIA_AUDIO, 0, Uint8Array.of(0xaf, 1, 9)));
		ns.sendMedia(new MediaMessage(MEDIA_VIDEO, 0, Uint8Array.of(0x17, 1, 0, 0, 0, 9)));
		ns.send("hello");
		nc.call("second", null, 2);
		expect(nc.connected).toBe(false);
		await network.run();
		const { server } = network;
		expect(server.calls.map(({ name, args }) => [name, ...args])).toEqual([
			["first", 1],
			["second", 2],
		]);
		expect(server.events).toEqual(["publish cam live"]);
		expect(server.media.map(([type]) => type)).not.toContain(MEDIA_AUDIO);
		expect(server.media.map(([type]) => type)).not.toContain(MEDIA_VIDEO);
		expect(server.media).toHaveLength(1);
	});
});

function refuse(network: TestNetwork): void {
	network.mode = "refused";
}

const LEVELS: Readonly<Record<string, string>> = {
	[SUCCESS]: "status",
	[CLOSED]: "status",
	[FAILED]: "error",
	"NetConnection.Connect.Rejected": "error",
	"NetConnection.Connect.InvalidApp": "error",
	"NetConnection.Connect.AppShutdown": "error",
	"NetConnection.Connect.IdleTimeout": "status",
};
