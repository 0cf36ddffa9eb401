import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { NetConnection, type NodeConnectionOptions } from "./net-connection.ts";
import { SocketTransport } from "./socket-transport.ts";
import { makeCertificate, type TestCertificate, TestListener, TestProxy, type TestWire } from "./test-listener.ts";

let certificate: TestCertificate;
const open: { close(): Promise<void> }[] = [];

beforeAll(() => {
	certificate = makeCertificate();
});
afterEach(async () => {
	for (const each of open.splice(0)) await each.close();
});

async function listen(wire: TestWire): Promise<TestListener> {
	const listener = await TestListener.open(wire, certificate);
	open.push(listener);
	return listener;
}

async function proxyTo(listener: TestListener, credentials?: string): Promise<TestProxy> {
	const proxy = await TestProxy.open(() => listener.port, credentials);
	open.push(proxy);
	return proxy;
}

/** Connects and calls; closes before it returns what the connection said of itself. */
async function talk(address: string, options: NodeConnectionOptions = {}, proxyType = "none"): Promise<unknown[]> {
	const nc = new NetConnection(options);
	nc.proxyType = proxyType;
	try {
		await nc.connectAsync(address);
		const large = "x".repeat(200_000);
		expect(await nc.callAsync("echo", large)).toBe(large);
		return [nc.protocol, nc.connectedProxyType, nc.usingTLS];
	} finally {
		nc.close();
	}
}

describe("connections through real sockets", () => {
	const tls = (): NodeConnectionOptions => ({ tls: { ca: certificate.cert, servername: "media.test" } });

	test.each<[protocol: string, wire: TestWire, options: () => NodeConnectionOptions, usingTLS: boolean]>([
		["rtmp", "tcp", () => ({}), false],
		["rtmpe", "tcp", () => ({}), false],
		["rtmps", "tls", tls, true],
		["rtmpt", "http", () => ({}), false],
		["rtmpte", "http", () => ({}), false],
		["rtmpts", "https", tls, true],
		["ws", "websocket", () => ({}), false],
	])("%s", async (protocol, wire, options, usingTLS) => {
		const listener = await listen(wire);
		const address = `${protocol}://127.0.0.1:${listener.port}/app`;
		expect(await talk(address, options())).toEqual([protocol, "none", usingTLS]);
	});

	test("a transport whose input is held takes no more, so that the sender has to wait, and then all of it", async () => {
		const bytes = 64 * 1024 * 1024;
		let sender: Socket | undefined;
		const server = createServer(socket => {
			sender = socket;
			socket.on("error", () => undefined);
			socket.end(new Uint8Array(bytes));
		});
		await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
		open.push({ close: () => new Promise(resolve => server.close(() => resolve())) });
		let received = 0;
		const over = Promise.withResolvers<void>();
		const begun = Promise.withResolvers<void>();
		const { port } = server.address() as AddressInfo;
		const transport: SocketTransport = new SocketTransport(
			{ host: "127.0.0.1", port, proxy: undefined, tls: undefined },
			{
				onOpen: () => undefined,
				onData: part => {
					if (received === 0) transport.holdInput(true);
					received += part.length;
					begun.resolve();
				},
				onDrain: () => undefined,
				onClosed: () => over.resolve(),
			},
		);
		await begun.promise;
		await new Promise(resolve => setTimeout(resolve, 200));
		// One read may be on its way; the rest is the network's and the sender's.
		expect(received).toBeLessThan(1024 * 1024);
		expect(sender!.writableLength).toBeGreaterThan(0);
		transport.holdInput(false);
		await over.promise;
		expect(received).toBe(bytes);
	});

	test("a tunnel's requests are those of Flash Player", async () => {
		const listener = await listen("http");
		await talk(`rtmpt://127.0.0.1:${listener.port}/app`);
		const type = "application/x-fcs";
		expect(listener.requests[0]).toEqual({ url: "/open/1", host: `127.0.0.1:${listener.port}`, type });
		expect(listener.requests[1]!.url).toMatch(/^\/(send|idle)\/id0\/0$/);
	});

	test("a certificate that nobody vouches for, or of another name, is refused", async () => {
		const listener = await listen("tls");
		const address = `rtmps://127.0.0.1:${listener.port}/app`;
		await expect(talk(address)).rejects.toThrow(/self-signed certificate/);
		const ca = certificate.cert;
		await expect(talk(address, { tls: { ca, servername: "other.test" } })).rejects.toThrow(/other\.test/);
		expect(await talk(address, { tls: { rejectUnauthorized: false } })).toEqual(["rtmps", "none", true]);
	});

	test("a server that has no tunnel is named once, with its answer", async () => {
		const listener = await listen("http");
		listener.hasTunnel = false;
		await expect(talk(`rtmpt://127.0.0.1:${listener.port}/app`)).rejects.toThrow(
			/^NetConnection\.Connect\.Failed: No connection could be opened\. 127\.0\.0\.1:\d+: \/open\/ was answered with status 404\.$/,
		);
	});

	test("what speaks another protocol says so", async () => {
		const [http, tcp] = [await listen("http"), await listen("tcp")];
		await expect(talk(`ws://127.0.0.1:${http.port}/app`)).rejects.toThrow(/WebSocket was not opened/);
		await expect(talk(`rtmps://127.0.0.1:${http.port}/app`)).rejects.toThrow(/no TLS that is understood here/);
		await expect(talk(`rtmpt://127.0.0.1:${tcp.port}/app`, { openTimeoutMillis: 300 })).rejects.toThrow(
			/NetConnection\.Connect\.Failed/,
		);
	});
});

describe("connections through a proxy", () => {
	const credentials = `Basic ${btoa("me:p@ss")}`;

	test.each<[protocol: string, wire: TestWire, proxyType: string, used: string, line: RegExp]>([
		["rtmp", "tcp", "CONNECTOnly", "CONNECT", /^CONNECT media\.test:\d+$/],
		["rtmpe", "tcp", "CONNECTOnly", "CONNECT", /^CONNECT media\.test:\d+$/],
		["rtmps", "tls", "CONNECTOnly", "CONNECT", /^CONNECT media\.test:\d+$/],
		["rtmpt", "http", "none", "HTTP", /^POST http:\/\/media\.test:\d+\/open\/1$/],
		["rtmpts", "https", "none", "CONNECT", /^CONNECT media\.test:\d+$/],
	])("%s by %3$s", async (protocol, wire, proxyType, used, line) => {
		const listener = await listen(wire);
		const proxy = await proxyTo(listener, credentials);
		const options = { proxy: `http://me:p%40ss@127.0.0.1:${proxy.port}`, tls: { ca: certificate.cert } };
		const usingTLS = /s$/.test(protocol);
		expect(await talk(`${protocol}://media.test:${listener.port}/app`, options, proxyType)).toEqual([
			protocol,
			used,
			usingTLS,
		]);
		expect(proxy.seen[0]).toEqual({ line: expect.stringMatching(line), authorization: credentials });
	});

	test.each([
		["without credentials", "", /asks for a user and a password/],
		["with the wrong ones", "me:no@", /does not take the user or the password/],
	])("a proxy that wants credentials, asked %s, is the reason of the failure", async (_what, user, text) => {
		const listener = await listen("tcp");
		const proxy = await proxyTo(listener, credentials);
		const options = { proxy: `http://${user}127.0.0.1:${proxy.port}` };
		await expect(talk("rtmp://media.test:1935/app", options, "CONNECTOnly")).rejects.toThrow(text);
	});

	test("best takes the proxy where the direct road leads nowhere", async () => {
		const listener = await listen("tls");
		const proxy = await proxyTo(listener);
		const options = {
			proxy: `http://127.0.0.1:${proxy.port}`,
			tls: { ca: certificate.cert, servername: "media.test" },
		};
		expect(await talk("rtmps://name.invalid:1/app", options, "best")).toEqual(["rtmps", "CONNECT", true]);
	});

	test("a proxy that is not there is named", async () => {
		const options = { proxy: "http://127.0.0.1:1" };
		await expect(talk("rtmp://media.test:1935/app", options, "CONNECTOnly")).rejects.toThrow(
			/The proxy 127\.0\.0\.1:1: .*ECONNREFUSED/,
		);
	});
});
