import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { locateByInspector } from "./locate.ts";

const servers: WebSocketServer[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) server.close();
});

/** A debugger that says this when it is asked. */
async function debuggerThatSays(...messages: readonly (string | Buffer)[]): Promise<string> {
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	servers.push(server);
	await new Promise(resolve => server.once("listening", resolve));
	server.on("connection", socket => {
		socket.on("error", () => {});
		for (const message of messages) socket.send(message);
	});
	return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/0123-abc`;
}

const parsed = (url: unknown) => JSON.stringify({ method: "Debugger.scriptParsed", params: { scriptId: "7", url } });
const paused = JSON.stringify({
	method: "Debugger.paused",
	params: { callFrames: [{ location: { scriptId: "7", lineNumber: 11 } }] },
});

it("the place is the innermost one in the folder", async () => {
	const address = debuggerThatSays(parsed("file:///app/main.ts"), paused);
	expect(await locateByInspector(address, "/app")).toBe("main.ts:12");
	const outside = debuggerThatSays(parsed("file:///elsewhere/main.ts"), paused);
	expect(await locateByInspector(outside, "/app")).toBeUndefined();
});

it.for([
	["no JSON", ["nonsense {"]],
	["JSON that is no message", ["null"]],
	["a script whose address is none", [parsed("file://%%%/x"), paused]],
	["a script whose address is no text", [parsed(17), paused]],
	["frames that are none", ['{"method":"Debugger.paused","params":{"callFrames":[null]}}']],
	["a message of 9 MB", [Buffer.alloc(9_000_000, 32)]],
] as const)("a process that answers as its own debugger with %s has no place", async ([, messages]) => {
	expect(await locateByInspector(debuggerThatSays(...messages), "/app")).toBeUndefined();
});

it.for(["ws://[", "not an address", "ws://other.example:9229/abc", "ws://127.0.0.1:1/../x", "wss://127.0.0.1:1/abc"])(
	"a debugger at %s is not asked",
	async address => {
		expect(await locateByInspector(Promise.resolve(address), "/app")).toBeUndefined();
	},
);
