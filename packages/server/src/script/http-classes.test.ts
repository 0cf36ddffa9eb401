import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpLoader, MAX_HTTP_BODY_BYTES, MAX_HTTP_REDIRECTS } from "./http-loader.ts";
import { defineLoadVars } from "./load-vars-class.ts";
import { type RealmFixture, realmFixture } from "./realm-fixture.ts";
import { defineXml } from "./xml-class.ts";

type Request = { method: string; url: string; body: string; headers: IncomingMessage["headers"] };

const requests: Request[] = [];
const server = createServer((request, response) => {
	let body = "";
	request.on("data", chunk => (body += chunk));
	request.on("end", () => {
		requests.push({ method: request.method!, url: request.url!, body, headers: request.headers });
		answer(request.url!, response);
	});
});
let fixture: RealmFixture;
let loader: HttpLoader;

function answer(url: string, response: ServerResponse): void {
	if (url.startsWith("/hop")) response.writeHead(302, { location: `/hop${Number(url.slice(4)) - 1}` }).end();
	else if (url.startsWith("/to/")) response.writeHead(303, { location: url.slice(3) }).end();
	else if (url === "/missing") response.writeHead(404).end("no=1");
	else if (url === "/latin") response.end(Buffer.from("a=gr\xfcn", "latin1"));
	else if (url === "/broken")
		response.writeHead(200, { "content-length": 100 }).write("half", () => response.destroy());
	else if (url === "/large") response.end(Buffer.alloc(MAX_HTTP_BODY_BYTES + 1));
	else if (url === "/xml") response.end('<?xml version="1.0"?><r><i n="1"/></r>');
	else if (url !== "/never") response.end("a=1+2&b=%C3%BC&c=x=y&%%=%zz&onGone=&&d");
}

beforeAll(() => new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
	server.closeAllConnections();
	server.close();
});
beforeEach(() => {
	requests.length = 0;
	fixture = realmFixture();
	loader = new HttpLoader();
	const { realm } = fixture;
	realm.onClose(() => loader.close());
	defineLoadVars(realm, loader);
	defineXml(realm, loader);
	Reflect.set(realm.global, "at", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	realm.run(
		`var events = [];
		function watched(o) {
			o.onHTTPStatus = function (s) { events.push(s); };
			o.onLoad = function (ok) { events.push(ok, this.loaded); };
			return o;
		}`,
		"main.asc",
	);
});
afterEach(() => fixture.realm.close());

const run = (source: string) => fixture.realm.fromScript(fixture.realm.run(source, "main.asc"));
/** Runs a script and waits until its handlers told so many things. */
const told = async (source: string, count: number) => {
	run(source);
	await vi.waitFor(() => expect(run("events.length")).toBe(count), { timeout: 20_000, interval: 5 });
	return run("events");
};

describe("LoadVars of old scripts", () => {
	it("loads variables, and says when", async () => {
		expect(run("var v = watched(new LoadVars()); [v.loaded, v.load(at + '/vars'), v.loaded]")).toEqual([
			undefined,
			true,
			false,
		]);
		expect(await told("", 3)).toEqual([200, true, true]);
		expect(run("[v.a, v.b, v.c, v['%%'], v.onGone, v.d, v.getBytesLoaded(), v.getBytesTotal()]")).toEqual([
			...["1 2", "ü", "x=y", "%zz", "", "", 38, 38],
		]);
	});

	it("sends its variables in a body or a query and leaves functions out", async () => {
		await told(
			`var v = new LoadVars(), into = watched(new LoadVars());
			v.name = "a b&c"; v.count = 2; v.onLoad = function () {};
			v.addRequestHeader("X-One", "1"); v.addRequestHeader(["X-Two", "2", "Host", "evil"]);
			v.sendAndLoad(at + "/post", into);
			v.sendAndLoad(at + "/get?x=1", into, "GET");
			v.send(at + "/quiet", "GET");`,
			6,
		);
		await vi.waitFor(() => expect(requests).toHaveLength(3));
		const [post, get, quiet] = requests.toSorted(
			(a, b) => b.method.localeCompare(a.method) || a.url.localeCompare(b.url),
		);
		expect(post).toMatchObject({ method: "POST", url: "/post", body: "name=a%20b%26c&count=2" });
		expect(post!.headers).toMatchObject({
			"content-type": "application/x-www-form-urlencoded",
			"x-one": "1",
			"x-two": "2",
			host: expect.stringMatching(/^127/),
		});
		expect(get!.url).toBe("/get?x=1&name=a%20b%26c&count=2");
		expect(quiet!.url).toBe("/quiet?name=a%20b%26c&count=2");
		expect(run("[into.a, v.a, String(v), v.contentType]")).toEqual([
			...["1 2", undefined, "name=a%20b%26c&count=2", "application/x-www-form-urlencoded"],
		]);
	});

	it.each([
		["/missing", 404],
		["/broken", 200],
		["/large", 200],
		[`/hop${MAX_HTTP_REDIRECTS + 1}`, 0],
	])("tells that %s did not load, after the status %d", async (path, status) => {
		expect(await told(`var v = watched(new LoadVars()); v.load(at + "${path}");`, 3)).toEqual([status, false, false]);
		expect(fixture.faults).toEqual([]);
	});

	it("tells that a server cannot be reached", async () => {
		expect(await told(`var v = watched(new LoadVars()); v.load("http://127.0.0.1:1/");`, 3)).toEqual([0, false, false]);
	});

	it("refuses what is no address for HTTP, at once", () => {
		expect(
			run(`var v = watched(new LoadVars()); [v.load("file:///etc/passwd"), v.load("vars.txt"), v.load()]`),
		).toEqual([...[false, false, false]]);
		expect(run(`v.addRequestHeader("no header", "x"); [v.load(at), events.length]`)).toEqual([false, 0]);
	});

	it("follows redirects, asking for what it had posted to", async () => {
		expect(await told(`var v = watched(new LoadVars()); v.sendAndLoad(at + "/to/vars", v);`, 3)).toEqual([
			200,
			true,
			true,
		]);
		expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(["POST /to/vars", "GET /vars"]);
	});

	it("reads an answer in the character set of its time", async () => {
		await told(`var v = watched(new LoadVars()); v.load(at + "/latin");`, 3);
		expect(run("v.a")).toBe("grün");
	});

	it("hands a script that replaces onData the text itself", async () => {
		const events = await told(
			`var v = new LoadVars(); v.onData = function (t) { events.push(t, this.loaded); }; v.load(at + "/missing"); `,
			2,
		);
		expect(events).toEqual([undefined, false]);
	});

	it("takes a query apart, names of objects by birth among them", () => {
		expect(
			run(
				`var v = new LoadVars(); v.decode("?key=a%26b&__proto__=x&load=1"); [v["?key"], v.load, v instanceof LoadVars]`,
			),
		).toEqual([...["a&b", "1", true]]);
	});

	it("tells a closed realm nothing", async () => {
		run(`var v = watched(new LoadVars()); v.load(at + "/never");`);
		await vi.waitFor(() => expect(requests).toHaveLength(1));
		fixture.realm.close();
		await new Promise(resolve => setImmediate(resolve));
		expect(run("[events.length, v.load(at + '/vars')]")).toEqual([0, false]);
	});
});

describe("XML of old scripts", () => {
	it("loads a document, and sends one for another", async () => {
		await told(
			`var x = watched(new XML("<q/>")), into = watched(new XML());
			into.ignoreWhite = true; x.contentType = "text/xml"; x.sendAndLoad(at + "/xml", into);`,
			3,
		);
		expect(requests[0]).toMatchObject({ method: "POST", body: "<q />" });
		expect(requests[0]!.headers["content-type"]).toBe("text/xml");
		expect(run("[into.loaded, into.status, into.firstChild.firstChild.attributes.n, into.xmlDecl, x.loaded]")).toEqual([
			...[true, 0, "1", '<?xml version="1.0"?>', undefined],
		]);
		expect(await told(`x.load(at + "/missing")`, 6)).toEqual([200, true, true, 404, false, false]);
		expect(run("x.send(at + '/quiet')")).toBe(true);
	});
});
