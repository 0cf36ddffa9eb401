import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CertificateEvent, type CertificateFiles, CertificateStore } from "./certificate-store.ts";
import { keptCertificate } from "./kept-certificate.ts";
import { closeServer, listen, portOf } from "./listener.ts";
import { makeSelfSigned } from "./self-signed.ts";

const DAY = 86_400_000;

let folder: string;
let store: CertificateStore | undefined;
let server: Server | undefined;
let events: CertificateEvent[];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "millrace-certificate-"));
	events = [];
});

afterEach(async () => {
	store?.close();
	if (server !== undefined) await closeServer(server);
	store = undefined;
	server = undefined;
	rmSync(folder, { recursive: true, force: true });
});

function write(label: string, names: readonly string[], now = Date.now()): CertificateFiles {
	const files = { cert: join(folder, `${label}.pem`), key: join(folder, `${label}.key`) };
	const { certificate, key } = makeSelfSigned(names, now);
	writeFileSync(files.key, key);
	writeFileSync(files.cert, certificate);
	return files;
}

async function open(files: readonly CertificateFiles[], watchMillis = 60_000): Promise<CertificateStore> {
	store = new CertificateStore({
		files,
		minVersion: "TLSv1.2",
		maxVersion: "TLSv1.3",
		handshakeMillis: 2000,
		watchMillis,
		onEvent: event => events.push(event),
	});
	store.server.on("secureConnection", socket => socket.on("error", () => socket.destroy()));
	server = createServer(socket => store!.server.emit("connection", socket));
	await listen(server, { host: "127.0.0.1", port: 0 });
	return store;
}

/** The common name of the certificate that a client is shown. */
async function shown(servername?: string): Promise<string> {
	const socket = connectTls({
		socket: connect(portOf(server!), "127.0.0.1"),
		rejectUnauthorized: false,
		...(servername && { servername }),
	});
	await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
	const { subject } = socket.getPeerCertificate();
	socket.destroy();
	return String(subject.CN);
}

describe("the certificates of a server", () => {
	it("are chosen by the name that a client asks for, with wildcards; the first is for all others", async () => {
		await open([write("a", ["a.example"]), write("b", ["*.b.example", "b.example"])]);
		expect(await shown("a.example")).toBe("a.example");
		expect(await shown("www.b.example")).toBe("*.b.example");
		expect(await shown("b.example")).toBe("*.b.example");
		expect(await shown()).toBe("a.example");
		expect(await shown("c.example")).toBe("a.example");
		expect(events.filter(({ kind }) => kind === "unmatched")).toEqual([{ kind: "unmatched", name: "c.example" }]);
	});

	it("are read again when asked, and when a file changes", async () => {
		const files = write("a", ["one.example"]);
		const opened = await open([files], 20);
		expect(await shown("one.example")).toBe("one.example");
		write("a", ["two.example"]);
		opened.reload();
		expect(await shown()).toBe("two.example");
		expect(await shown("two.example")).toBe("two.example");
		write("a", ["three.example"]);
		const end = Date.now() + 4000;
		while ((await shown()) !== "three.example") {
			if (Date.now() > end) throw new Error("The change was not noticed in 4 s.");
			await new Promise(resolve => setTimeout(resolve, 20));
		}
	});

	it("stay in force while their files are half written or do not belong together", async () => {
		const files = write("a", ["one.example"]);
		const opened = await open([files]);
		const whole = readFileSync(files.cert);
		writeFileSync(files.cert, whole.subarray(0, 200));
		opened.reload();
		writeFileSync(files.cert, makeSelfSigned(["other.example"], Date.now()).certificate);
		opened.reload();
		const failures = events.filter(event => event.kind === "failed").map(({ error }) => error.message);
		expect(failures).toHaveLength(2);
		expect(failures[1]).toContain("the key is not the certificate's");
		expect(await shown()).toBe("one.example");
	});

	it("are warned of when they have expired and when they soon will", async () => {
		const expired = write("a", ["a.example"], Date.now() - 400 * DAY);
		const soon = write("b", ["b.example"], Date.now() - 390 * DAY);
		await open([expired, soon, write("c", ["c.example"])]);
		expect(events.map(({ kind }) => kind)).toEqual(["loaded", "loaded", "loaded", "expired", "expires-soon"]);
	});

	it("name the file that is missing or broken at the start", () => {
		const files = write("a", ["a.example"]);
		const options = { minVersion: "TLSv1.2", maxVersion: "TLSv1.3", handshakeMillis: 1, onEvent: () => {} } as const;
		const missing = { ...files, key: join(folder, "nowhere.key") };
		expect(() => new CertificateStore({ ...options, files: [missing] })).toThrow(/nowhere\.key/);
		writeFileSync(files.cert, "no certificate");
		const broken = expect.objectContaining({
			code: "CERTIFICATE_UNUSABLE",
			message: expect.stringContaining(files.cert),
		});
		expect(() => new CertificateStore({ ...options, files: [files] })).toThrow(broken);
	});

	it("let nobody negotiate again", async () => {
		await open([write("a", ["a.example"])]);
		const socket = connectTls({
			socket: connect(portOf(server!), "127.0.0.1"),
			rejectUnauthorized: false,
			maxVersion: "TLSv1.2",
		});
		await new Promise(resolve => socket.once("secureConnect", resolve));
		const refused = new Promise(resolve => {
			socket.once("error", resolve);
			socket.renegotiate({}, error => error && resolve(error));
		});
		expect(await refused).toBeInstanceOf(Error);
		socket.destroy();
	});
});

describe("a certificate that the server makes for itself", () => {
	it("is kept, and its key is nobody else's to read", () => {
		const first = keptCertificate(folder, ["localhost"], Date.now());
		const text = readFileSync(first.cert, "utf8");
		expect(statSync(first.key).mode & 0o777).toBe(0o600);
		expect(readFileSync(keptCertificate(folder, ["other"], Date.now() + 300 * DAY).cert, "utf8")).toBe(text);
	});

	it("is made anew before it ends", () => {
		keptCertificate(folder, ["localhost"], Date.now());
		const later = Date.now() + 380 * DAY;
		const { cert } = keptCertificate(folder, ["localhost"], later);
		expect(Date.parse(new X509Certificate(readFileSync(cert)).validTo)).toBeGreaterThan(later + 390 * DAY);
	});

	it("names the file that it cannot use", () => {
		const files = write("tls-certificate", ["a"]);
		writeFileSync(files.cert, "broken");
		writeFileSync(join(folder, "tls-key.pem"), "broken");
		expect(() => keptCertificate(folder, ["a"], Date.now())).toThrow(/tls-certificate\.pem/);
	});
});
