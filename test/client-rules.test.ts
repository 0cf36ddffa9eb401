import { afterEach, describe, expect, it } from "vitest";
import { createServer, type MillraceServer } from "../packages/server/src/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

let server: MillraceServer | undefined;

afterEach(() => server?.stop());

async function serve(options: Parameters<typeof createServer>[0]): Promise<number> {
	server = createServer({ listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }], ...options });
	await server.start();
	return server.addresses[0]!.port;
}

describe("clients", () => {
	it("are closed when they have done nothing for too long, unless they publish or play", async () => {
		const port = await serve({ rtmp: { idleClientMillis: 700 } });
		const publisher = await RawRtmpClient.tcp(port);
		publisher.connect("live").command(0, "createStream");
		await publisher.until("_result 1");
		publisher.command(1, "publish", "cam");
		await publisher.until("NetStream.Publish.Start");
		const viewer = await RawRtmpClient.tcp(port);
		viewer.connect("live").command(0, "createStream");
		await viewer.until("_result 1");
		viewer.command(1, "play", "cam");
		const idle = await RawRtmpClient.tcp(port);
		const since = performance.now();
		idle.connect("live");
		expect(await idle.untilClosed()).toContain("onStatus NetConnection.Connect.IdleTimeout");
		expect(performance.now() - since).toBeGreaterThanOrEqual(700);
		expect([publisher.closed, viewer.closed]).toEqual([false, false]);
		publisher.socket.destroy();
		viewer.socket.destroy();
	});

	it("are not let in from addresses that may not connect", async () => {
		const port = await serve({ addresses: { deny: ["127.0.0.0/8"] } });
		const client = await RawRtmpClient.tcp(port);
		client.connect("live");
		expect(await client.untilClosed()).toEqual([]);
	});

	it("may speak what the server says, where application and host say nothing", async () => {
		const port = await serve({ protocols: ["rtmps"], applications: { live: {}, open: { protocols: ["rtmp"] } } });
		for (const [application, code] of [
			["live", "_error NetConnection.Connect.Rejected"],
			["open", "_result NetConnection.Connect.Success"],
		] as const) {
			const client = await RawRtmpClient.tcp(port);
			client.connect(application);
			expect((await client.until("NetConnection")).at(-1)).toBe(code);
			client.socket.destroy();
		}
	});
});
