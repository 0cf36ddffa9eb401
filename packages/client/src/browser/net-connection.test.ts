import { afterEach, describe, expect, test } from "vitest";
import { TestListener, type TestWire } from "../node/test-listener.ts";
import { NetConnection } from "./net-connection.ts";
import { testPorts } from "./port-test.ts";

const open: TestListener[] = [];

afterEach(async () => {
	for (const each of open.splice(0)) await each.close();
});

async function listen(wire: TestWire): Promise<TestListener> {
	const listener = await TestListener.open(wire);
	open.push(listener);
	return listener;
}

// Node has what is used of a page: WebSocket and fetch.
describe("NetConnection in a page", () => {
	test.each<[wire: TestWire, address: string, protocol: string]>([
		["websocket", "ws", "ws"],
		["websocket", "rtmp", "ws"],
		["http", "rtmpt", "rtmpt"],
		["http", "rtmp", "rtmpt"],
	])("finds its way to a server that speaks %s with an address of %s", async (wire, address, protocol) => {
		const { port } = await listen(wire);
		const nc = new NetConnection();
		try {
			await nc.connectAsync(`${address}://127.0.0.1:${port}/app`);
			const large = "x".repeat(200_000);
			expect([nc.protocol, await nc.callAsync("echo", large)]).toEqual([protocol, large]);
		} finally {
			nc.close();
		}
	});

	test("asks for no permission: its requests have no content type", async () => {
		const listener = await listen("http");
		const nc = new NetConnection();
		await nc.connectAsync(`rtmpt://127.0.0.1:${listener.port}/app`);
		nc.close();
		expect(listener.requests.map(({ type }) => type)).toEqual(listener.requests.map(() => undefined));
	});

	test("RTMPE is not possible there", async () => {
		await expect(new NetConnection().connectAsync("rtmpe://127.0.0.1/app")).rejects.toThrow(/rtmpe is not possible/);
	});

	test("ports are tested by WebSocket and HTTP", async () => {
		// The listener takes tunnels beside.
		const { port } = await listen("websocket");
		const reports = await testPorts("127.0.0.1", { ports: [port], timeoutMillis: 500 });
		expect(reports.map(({ protocol, works }) => [protocol, works])).toEqual([
			["rtmpt", true],
			["rtmpts", false],
			["ws", true],
			["wss", false],
		]);
	});
});
