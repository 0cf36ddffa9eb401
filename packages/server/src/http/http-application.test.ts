import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { MillraceError } from "@millrace/core/fault";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerFacts, StreamFacts } from "../admin/index.ts";
import { createHttpApplication, type HttpApplication, type HttpApplicationOptions } from "./index.ts";

const SERVER: ServerFacts = {
	version: "9.8.7",
	startedAt: 1_000_000,
	rtmpPort: 1935,
	connections: 3,
	publishKeyNeeded: true,
};

const EVIL = "<img src=x onerror=alert(1)>";

function streamNamed(name: string): StreamFacts {
	return {
		application: "live",
		instance: "_definst_",
		name,
		path: `/live/${name}`,
		publishing: true,
		since: 1_000_500,
		viewers: 2,
		bitrate: 900_000,
		bytesIn: 10,
		bytesOut: 20,
		videoCodec: "avc1.64001f",
		audioCodec: undefined,
		width: 1280,
		height: 720,
		framerate: 30,
	};
}

const view = { server: () => SERVER, streams: () => [streamNamed("demo"), streamNamed(EVIL)] };

let consoleDir: string;
let app: HttpApplication;

beforeAll(async () => {
	consoleDir = mkdtempSync(join(tmpdir(), "millrace-console-"));
	mkdirSync(join(consoleDir, "assets"));
	writeFileSync(join(consoleDir, "index.html"), "<!doctype html><title>start page</title>");
	writeFileSync(join(consoleDir, "watch.html"), "<!doctype html><title>watch page</title>");
	writeFileSync(join(consoleDir, "port-test.html"), "<!doctype html><title>port test</title>");
	writeFileSync(join(consoleDir, "not-found.html"), "<!doctype html><title>lost page</title>");
	writeFileSync(join(consoleDir, "favicon.ico"), "icon");
	writeFileSync(join(consoleDir, "assets", "app-1a2b3c.js"), "console.log('millrace');".repeat(100));
	writeFileSync(join(consoleDir, ".secret.html"), "not for sending");
	app = await create({});
});

afterAll(async () => {
	await app.close();
	rmSync(consoleDir, { recursive: true });
});

function create(options: Partial<HttpApplicationOptions>): Promise<HttpApplication> {
	return createHttpApplication({ view, consoleDir, clock: () => 1_065_999, ...options });
}

type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH";

function ask(url: string, headers: Record<string, string> = {}, method: Method = "GET") {
	return app.fastify.inject({ method, url, headers: { host: "media.example:8080", accept: "text/html", ...headers } });
}

describe("the pages", () => {
	it.each([
		["/", "start page"],
		["/?a=b", "start page"],
		["/port-test", "port test"],
		["/port-test?a", "port test"],
		["/live/demo", "watch page"],
		["/live/demo?transport=ws", "watch page"],
		["/conference/a", "watch page"],
		["/live/@room/cam", "watch page"],
		["/live/@room", "watch page"],
		["/live/a%20b", "watch page"],
		["/live/%C3%BC", "watch page"],
		["/live/a/b/c", "watch page"],
		["/live/100%25", "watch page"],
		["/live/mp4:film.mp4", "watch page"],
		[`/live/${encodeURIComponent(EVIL)}`, "watch page"],
	])("%s shows the %3$s", async (url, title) => {
		const answer = await ask(url);
		expect(answer.statusCode).toBe(200);
		expect(answer.body).toBe(`<!doctype html><title>${title}</title>`);
		expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
		expect(answer.headers["cache-control"]).toBe("no-cache");
	});

	it.each([
		["/live"],
		["/live/"],
		["/nothing"],
		["//evil.example/x"],
		["/live//demo"],
		["/live/a%2F..%2Fb"],
		["/live/a%00b"],
		["/live/a%0d%0ab"],
		["/live/gone.flv"],
		["/assets/nothing.js"],
		["/assets/..%2Findex.html"],
		["/.secret.html"],
		["/watch.html"],
		["/admin/streams"],
	])("%s is not found, and says so on a page", async url => {
		const answer = await ask(url);
		expect(answer.statusCode).toBe(404);
		expect(answer.body).toContain("lost page");
		expect(answer.headers["cache-control"]).toBe("no-store");
		expect(answer.headers["etag"]).toBeUndefined();
	});

	it("a program that does not ask for HTML is told in one line of text", async () => {
		const answer = await ask("/nothing", { accept: "*/*" });
		expect(answer.statusCode).toBe(404);
		expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
		expect(answer.body).toBe("There is nothing at this address.\n");
	});

	it.each([
		["/live/%zz", 400],
		["/%", 400],
		["/live/%ff", 400],
	])("broken percent-encoding in %s is a bad request", async (url, status) => {
		const answer = await ask(url);
		expect(answer.statusCode).toBe(status);
		expect(answer.headers["x-content-type-options"]).toBe("nosniff");
		expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
	});

	it("never puts a stream's name into a page, so no name can become markup", async () => {
		for (const url of ["/", `/live/${encodeURIComponent(EVIL)}`, `/${encodeURIComponent(EVIL)}`]) {
			expect((await ask(url)).body).not.toContain("onerror");
		}
	});

	it("a page that is known is not sent again", async () => {
		const first = await ask("/live/demo");
		const again = await ask("/live/demo", { "if-none-match": `"other", ${first.headers["etag"]}` });
		expect(again.statusCode).toBe(304);
		expect(again.body).toBe("");
	});
});

describe("assets", () => {
	it("may be kept for ever and come with their type", async () => {
		const answer = await ask("/assets/app-1a2b3c.js");
		expect(answer.statusCode).toBe(200);
		expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
		expect(answer.headers["content-type"]).toBe("text/javascript; charset=utf-8");
		expect(answer.body).toContain("millrace");
	});

	it.each([
		["gzip", true],
		["br, gzip;q=0.5", true],
		["GZIP", true],
		["gzip;q=0", false],
		["gzip; q=0.000", false],
		["br", false],
		["identity", false],
	])("with accept-encoding %s, compressed is %s", async (encoding, compressed) => {
		const answer = await ask("/assets/app-1a2b3c.js", { "accept-encoding": encoding });
		expect(answer.headers["content-encoding"]).toBe(compressed ? "gzip" : undefined);
		expect(answer.headers["vary"]).toBe("accept-encoding");
		const body = compressed ? gunzipSync(answer.rawPayload) : answer.rawPayload;
		expect(body.toString()).toContain("millrace");
	});

	it("the icon is where browsers look for it", async () => {
		const answer = await ask("/favicon.ico");
		expect(answer.statusCode).toBe(200);
		expect(answer.headers["content-type"]).toBe("image/x-icon");
	});
});

describe("the API", () => {
	it("tells the server's and the streams' facts, names exactly as they are", async () => {
		const answer = await ask("/api/streams");
		expect(answer.statusCode).toBe(200);
		expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
		expect(answer.headers["cache-control"]).toBe("no-store");
		expect(answer.json()).toEqual({
			server: SERVER,
			// What is not known is left out.
			streams: view.streams().map(({ audioCodec, ...known }) => known),
		});
	});

	it("tells that the server is well", async () => {
		const answer = await ask("/api/health");
		expect(answer.json()).toEqual({ status: "ok", version: "9.8.7", uptimeSeconds: 65, connections: 3, streams: 2 });
	});

	it("answers JSON where there is nothing", async () => {
		const answer = await ask("/api/nothing");
		expect(answer.statusCode).toBe(404);
		expect(answer.json()).toEqual({ error: "There is nothing at this address." });
	});

	it("a fault of ours is reported to the owner and not to the client", async () => {
		const seen: unknown[] = [];
		const failing = await create({
			view: {
				...view,
				server: () => {
					throw new Error("inner detail");
				},
			},
			onError: (error, request) => seen.push([String(error), request]),
		});
		const answer = await failing.fastify.inject("/api/streams");
		expect(answer.statusCode).toBe(500);
		expect(answer.body).not.toContain("inner detail");
		expect(answer.headers["x-content-type-options"]).toBe("nosniff");
		expect(seen).toEqual([["Error: inner detail", { method: "GET", url: "/api/streams" }]]);
		await failing.close();
	});
});

describe("methods", () => {
	it("the ports that the asker may know of are told", async () => {
		const ports = [{ port: 1935, protocols: ["rtmp", "ws"] }];
		const seen: (string | undefined)[] = [];
		const telling = await create({
			ports(request) {
				seen.push(request.headers.host);
				return ports;
			},
		});
		const answer = await telling.fastify.inject({ url: "/api/ports", headers: { host: "here.example" } });
		expect(answer.json()).toEqual({ version: "9.8.7", ports });
		expect(answer.headers["cache-control"]).toBe("no-store");
		expect(seen).toEqual(["here.example"]);
		await telling.close();
		expect((await ask("/api/ports")).json()).toEqual({ version: "9.8.7", ports: [] });
	});

	it.each(["/", "/live/demo", "/api/streams", "/api/health", "/assets/app-1a2b3c.js", "/favicon.ico"])(
		"HEAD %s is GET without the body",
		async url => {
			const [get, head] = [await ask(url), await ask(url, {}, "HEAD")];
			expect(head.statusCode).toBe(200);
			expect(head.body).toBe("");
			expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
			expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
		},
	);

	it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] as const)("%s is not allowed on what exists", async method => {
		for (const url of ["/", "/live/demo", "/api/streams", "/assets/app-1a2b3c.js"]) {
			const answer = await ask(url, {}, method);
			expect(answer.statusCode).toBe(405);
			expect(answer.headers["allow"]).toBe("GET, HEAD");
		}
		expect((await ask("/nothing", {}, method)).statusCode).toBe(404);
	});

	it("a body of any type does not change that", async () => {
		const answer = await app.fastify.inject({
			method: "POST",
			url: "/live/demo",
			headers: { "content-type": "application/x-unheard-of" },
			payload: "x".repeat(5_000_000),
		});
		expect(answer.statusCode).toBe(405);
	});
});

describe("security headers", () => {
	it("go with every answer", async () => {
		for (const url of ["/", "/live/demo", "/nothing", "/api/streams", "/assets/app-1a2b3c.js", "/%zz"]) {
			const { headers } = await ask(url);
			expect(headers["content-security-policy"]).toBe(
				"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; " +
					"connect-src 'self' ws://media.example:8080 wss://media.example:8080; base-uri 'none'; form-action 'none'; " +
					"frame-ancestors 'self'",
			);
			expect(headers["x-content-type-options"]).toBe("nosniff");
			expect(headers["referrer-policy"]).toBe("same-origin");
		}
	});

	it.each(["[::1]:8080", "127.0.0.1", "a-b.example"])("the host %s may be spoken to by WebSocket", async host => {
		const { headers } = await ask("/", { host });
		expect(headers["content-security-policy"]).toContain(`connect-src 'self' ws://${host} wss://${host};`);
	});

	it.each([
		["media.example:8080", "http://media.example:* https://media.example:* ws://media.example:* wss://media.example:*"],
		["[::1]:8080", "http: https: ws: wss:"],
	])("the page that tests ports may connect to all of %s", async (host, sources) => {
		const { headers } = await ask("/port-test", { host });
		expect(headers["content-security-policy"]).toContain(`connect-src 'self' ${sources};`);
	});

	it.each(["x; script-src *", "x y", "<b>", "a,b", "'none'"])("a Host of %j adds nothing to the policy", async host => {
		const { headers } = await ask("/", { host });
		expect(headers["content-security-policy"]).toContain("connect-src 'self'; base-uri");
	});

	it("the sites that may frame the pages can be chosen", async () => {
		const framed = await create({ frameAncestors: ["'self'", "https://shop.example"] });
		const policy = (await framed.fastify.inject("/")).headers["content-security-policy"];
		expect(policy).toMatch(/frame-ancestors 'self' https:\/\/shop\.example$/);
		const alone = await create({ frameAncestors: [] });
		expect((await alone.fastify.inject("/")).headers["content-security-policy"]).toMatch(/frame-ancestors 'none'$/);
		await expect(create({ frameAncestors: ["a; script-src *"] })).rejects.toThrow(MillraceError);
		await framed.close();
		await alone.close();
	});
});

describe("the folder of the console", () => {
	it("without one there is the API alone", async () => {
		const bare = await create({ consoleDir: undefined });
		expect((await bare.fastify.inject("/api/health")).statusCode).toBe(200);
		expect((await bare.fastify.inject({ url: "/", headers: { accept: "text/html" } })).statusCode).toBe(404);
		await bare.close();
	});

	it("one that is missing or not built is refused by name", async () => {
		await expect(create({ consoleDir: join(consoleDir, "nothing") })).rejects.toThrow(/nothing cannot be read/);
		await expect(create({ consoleDir: join(consoleDir, "assets") })).rejects.toThrow(/not built: .*lacks index\.html/);
	});
});

it("is mounted on a server of somebody else, behind that one's own handler", async () => {
	const server = createServer((request, response) => {
		if (request.url?.endsWith(".flv")) response.end("FLV");
		else app.handle(request, response);
	}).listen(0, "127.0.0.1");
	await new Promise(resolve => server.once("listening", resolve));
	const { port } = server.address() as AddressInfo;
	const origin = `http://127.0.0.1:${port}`;
	expect(await (await fetch(`${origin}/live/demo.flv`)).text()).toBe("FLV");
	expect(await (await fetch(`${origin}/live/demo`)).text()).toContain("watch page");
	expect((await fetch(`${origin}/api/health`)).headers.get("date")).not.toBeNull();
	// What `fetch` and `inject` would not send as it stands: dot segments, and a method that no route knows.
	const ask = (method: string, path: string) =>
		new Promise(resolve => {
			httpRequest({ port, host: "127.0.0.1", path, method }, answer => {
				answer.resume();
				resolve(answer.statusCode);
			}).end();
		});
	expect(await ask("GET", "/live/%2e%2e")).toBe(404);
	expect(await ask("GET", "/live/../live/demo")).toBe(404);
	expect(await ask("PROPFIND", "/live/demo")).toBe(405);
	expect(await ask("PROPFIND", "/nothing")).toBe(404);
	server.closeAllConnections();
	await new Promise(resolve => server.close(resolve));
});
