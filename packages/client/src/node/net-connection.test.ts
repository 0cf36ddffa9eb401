import { createServer, type Server, type Socket } from "node:net";
import type { NetStatus } from "@millrace/core/rtmp";
import { afterEach, describe, expect, test } from "vitest";
import { NetConnection } from "./net-connection.ts";

const servers: Server[] = [];

afterEach(async () => {
	for (const server of servers.splice(0)) await new Promise(resolve => server.close(resolve));
});

/** The address of a server that does this with every connection. */
async function serving(action: (socket: Socket) => void): Promise<string> {
	const server = createServer(action);
	servers.push(server);
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	return `rtmp://127.0.0.1:${typeof address === "object" ? address?.port : 0}/live`;
}

async function outcome(address: string): Promise<NetStatus> {
	const nc = new NetConnection();
	return new Promise(resolve => {
		nc.onStatus = resolve;
		nc.connect(address);
	});
}

describe("NetConnection over TCP", () => {
	test.each<[what: string, action: (socket: Socket) => void, text: RegExp]>([
		["that closes at once", socket => socket.destroy(), /ended without a goodbye|ECONNRESET/],
		["that speaks HTTP", socket => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), /HTTP/],
		["that speaks nothing known", socket => socket.end(new Uint8Array(4000).fill(0x20)), /not an RTMP version|0x20/],
	])("a server %s gives Failed, and says why", async (_what, action, text) => {
		const info = await outcome(await serving(socket => action(socket.resume().on("error", () => undefined))));
		expect(info).toMatchObject({ code: "NetConnection.Connect.Failed", level: "error" });
		expect(info.description).toMatch(text);
	});

	test("a port that nobody listens on, and a name that does not exist, give Failed", async () => {
		expect((await outcome("rtmp://127.0.0.1:1/live")).description).toContain("ECONNREFUSED");
		expect((await outcome("rtmp://name.invalid/live")).description).toContain("name.invalid");
	});
});
