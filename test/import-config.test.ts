import { copyFileSync, cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { removeTempDirs, TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runProgram } from "../packages/server/src/cli/program.ts";
import { createTestContext } from "../packages/server/src/cli/test-context.ts";
import type { ServerOptionsInput } from "../packages/server/src/config/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/index.ts";
import { importConfig } from "../packages/server/src/migration/index.ts";
import { makeSelfSigned } from "../packages/server/src/net/self-signed.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const FIXTURES = fileURLToPath(new URL("fixtures/old-config/", import.meta.url));
const SAMPLE = fileURLToPath(new URL("../packages/server/media/vod/sample.flv", import.meta.url));

afterAll(removeTempDirs);

/** A copy of a tree, with what a repository does not hold: media and a certificate. */
function copyOf(tree: string): TempDir {
	const dir = new TempDir("old-config");
	cpSync(`${FIXTURES}${tree}`, dir.path, { recursive: true });
	for (const path of [
		"media archive/films/heat.flv",
		"applications/vod/media/sample.flv",
		"chat/applications/lobby/media/hello.flv",
	]) {
		mkdirSync(dirname(dir.file(path)), { recursive: true });
		copyFileSync(SAMPLE, dir.file(path));
		utimesSync(dir.file(path), 1e9, 1e9);
	}
	const { certificate, key } = makeSelfSigned(["localhost"], Date.now());
	mkdirSync(dir.file("conf/_defaultRoot_/certs"), { recursive: true });
	writeFileSync(dir.file("conf/_defaultRoot_/certs/server.pem"), certificate);
	writeFileSync(dir.file("conf/_defaultRoot_/certs/server.key"), key);
	return dir;
}

describe.each(["fms-3.5", "ams-5"])("the whole configuration of an old server (%s)", tree => {
	it("is imported without an unknown setting, each reported once, to a file that check finds valid", async () => {
		const dir = copyOf(tree);
		const context = createTestContext({ folder: dir.path });
		expect(
			await runProgram(["import-config", ".", "-o", "new.yaml", "--json", "--report", "report.json"], context),
		).toBe(0);
		expect(context.written.out).toBe("new.yaml is written and valid. The report is in report.json.\n");
		expect(await runProgram(["check", "-c", dir.file("new.yaml")], context)).toBe(0);
		const report = JSON.parse(readFileSync(dir.file("report.json"), "utf8")) as ReturnType<
			typeof importConfig
		>["report"];
		expect(report.counts.unknown).toBe(0);
		expect(report.counts.taken).toBeGreaterThan(70);
		expect(report.settings.length).toBeGreaterThan(500);
		for (const { outcome, to, note, file, line } of report.settings) {
			expect(outcome === "taken" ? to : note, `${file}:${line}`).toBeTruthy();
		}
		const ids = report.settings.map(({ file, line, setting, value }) => `${file}:${line} ${setting} ${value}`);
		expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
	});

	it("gives no password away", () => {
		const { yaml, report } = importConfig(`${FIXTURES}${tree}`);
		const text = yaml + JSON.stringify(report);
		for (const secret of ["geheim-und-lang", "5d41402abc4b", "$2a$10$"]) expect(text).not.toContain(secret);
	});
});

describe("millrace import-config", () => {
	it("replaces no file unless it is told to, and prints the report for people", async () => {
		const dir = copyOf("ams-5");
		const context = createTestContext({ folder: dir.path });
		expect(await runProgram(["import-config", "conf"], context)).toBe(0);
		expect(context.written.out).toContain("To look at:");
		expect(context.written.out).toMatch(/Adaptor\.xml:\d+ {2}EnableAltVhost = false {2}-> {2}virtualHostParameter/);
		expect(context.written.out).toContain("millrace.yaml is written and valid.");
		expect(await runProgram(["import-config", "."], context)).toBe(1);
		expect(context.written.err).toContain("exists already");
		expect(await runProgram(["import-config", ".", "--force"], context)).toBe(0);
	});

	it("says where XML is broken, and writes nothing", async () => {
		const dir = copyOf("ams-5");
		writeFileSync(dir.file("conf/Server.xml"), "<Root>\n<Server>\n</Root>");
		const context = createTestContext({ folder: dir.path });
		expect(await runProgram(["import-config", "."], context)).toBe(1);
		expect(context.written.err).toContain("conf/Server.xml:3");
		expect(() => readFileSync(dir.file("millrace.yaml"))).toThrow("ENOENT");
	});
});

describe("a server with an imported configuration", { timeout: 30_000 }, () => {
	let server: MillraceServer;

	beforeAll(async () => {
		const dir = copyOf("fms-3.5");
		const { yaml } = importConfig(dir.path);
		const options = parse(yaml) as ServerOptionsInput;
		// Other ports, and on this machine alone: nothing else is changed.
		const listeners = (options.listeners ?? []).map(listener => ({ ...listener, host: "127.0.0.1", port: 0 }));
		server = createServer({ ...options, listeners, dataDir: dir.file("data") });
		await server.start();
	});

	afterAll(() => server.stop());

	async function connect(app: string, host = "streams.example.org"): Promise<{ code: string; client: RawRtmpClient }> {
		const client = await RawRtmpClient.tcp(server.addresses[0]!.port);
		client.connect(app, "test", host);
		return { code: (await client.until("NetConnection.Connect")).at(-1) ?? "", client };
	}

	it("listens on as many ports as before, with TLS where there was a minus sign", () => {
		expect(server.addresses.map(({ protocols }) => protocols.join())).toEqual([
			"rtmp,http",
			"rtmp,http",
			"rtmps,https",
			"rtmp,http",
		]);
	});

	it("refuses the protocols that an application refused", async () => {
		expect((await connect("secure")).code).toBe("_error NetConnection.Connect.Rejected");
		expect((await connect("live")).code).toBe("_result NetConnection.Connect.Success");
		expect((await connect("nowhere")).code).toBe("_error NetConnection.Connect.InvalidApp");
	});

	it("plays files of virtual directories and of the applications", async () => {
		for (const [app, name, host, length] of [
			["vod", "sample", "streams.example.org", 8],
			["live", "films/old/heat", "streams.example.org", 8],
			["lobby", "hello", "chat.example.com", 8],
			["lobby", "films/old/heat", "chat.example.com", 0],
		] as const) {
			const { client, code } = await connect(app, host);
			expect(code).toBe("_result NetConnection.Connect.Success");
			client.command(0, "getStreamLength", name);
			expect((await client.until("_result")).at(-1), name).toBe(`_result ${length}`);
		}
	});

	it("has the virtual host by its names, and by the parameter", async () => {
		expect((await connect("lobby", "WWW.chat.example.org")).code).toBe("_result NetConnection.Connect.Success");
		expect((await connect("lobby?_fcs_vhost=chat.example.org")).code).toBe("_result NetConnection.Connect.Success");
		expect((await connect("lobby")).code).toBe("_error NetConnection.Connect.InvalidApp");
		expect((await connect("vod", "chat.example.org")).code).toBe("_error NetConnection.Connect.InvalidApp");
	});

	it("answers HTTP with the old pages, the old identity and the old policy", async () => {
		const at = (path: string) =>
			fetch(`http://127.0.0.1:${server.addresses[1]!.port}${path}`).then(found => found.text());
		expect(await at("/index.html")).toContain("Old pages");
		expect(await at("/fcs/ident")).toBe("<fcs><Company>Example</Company><Team>Streaming</Team></fcs>");
		expect(await at("/crossdomain.xml")).toContain("cross-domain-policy");
	});
});
