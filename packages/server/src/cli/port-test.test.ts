import { createServer as createTcpServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer, type MillraceServer } from "../server.ts";
import { runProgram } from "./program.ts";
import { createTestContext } from "./test-context.ts";

let server: MillraceServer;
let mute: Server;

beforeAll(async () => {
	server = createServer({ listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }] });
	await server.start();
	mute = createTcpServer(socket => socket.on("error", () => undefined));
	await new Promise<void>(resolve => mute.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
	await server.stop();
	mute.close();
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
	const context = createTestContext();
	const code = await runProgram(["port-test", ...argv], context);
	return { code, ...context.written };
}

describe("millrace port-test", () => {
	test("tells of each protocol whether it leads to the server", async () => {
		const { port } = server.addresses[0]!;
		const { code, out } = await run("127.0.0.1", "--port", String(port), "--timeout", "1", "--app", "live");
		expect(code).toBe(0);
		const lines = out.trimEnd().split("\n");
		expect(lines[0]).toMatch(/^PROTOCOL +PORT +RESULT +ROUND TRIP +REASON$/);
		expect(lines[1]).toMatch(new RegExp(`^rtmp +${port} +works +[\\d.]+ ms$`));
		expect(lines.find(line => line.startsWith("rtmps "))).toMatch(/ no .*\S/);
		expect(lines).toHaveLength(9);
	});

	test("reports as JSON, and ends with 3 where nothing leads there", async () => {
		const { port } = mute.address() as { port: number };
		const { code, out } = await run("127.0.0.1", "--port", String(port), "--timeout", "0.2", "--json");
		expect(code).toBe(3);
		const reports = JSON.parse(out) as { protocol: string; works: boolean; reason: string }[];
		expect(reports.map(({ works }) => works)).toEqual(reports.map(() => false));
		expect(reports[0]).toMatchObject({ protocol: "rtmp", port, proxy: "none", reason: expect.stringMatching(/\S/) });
	});

	test("says what is wrong with its arguments", async () => {
		expect(await run("a b")).toMatchObject({ code: 2, err: expect.stringContaining("is no host, port and path") });
		expect(await run("host", "--port", "0")).toMatchObject({ code: 1, err: expect.stringContaining("1 to 65535") });
	});
});
