/**
 * Tries what users will install: packs the published packages, installs the tarballs into an empty folder and runs the
 * command, a server and a client script there, on the oldest Node that is promised and on the repository's own. Run by
 * `npm run try-packages`; it ends with status 1 when something does not work.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const PUBLISHED = ["core", "client", "server"] as const;
/** The least version of `engines`. */
const OLDEST_NODE = "22.18.0";
const START_MILLIS = 20_000;

const SERVER = `
import { createServer } from "millrace";
const server = createServer({
	listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
	publish: { from: "anywhere" },
	demo: true,
});
await server.start();
const { port } = server.addresses.find(({ protocol }) => protocol === "rtmp");
console.log(\`rtmp://127.0.0.1:\${port}/live\`);
`;

const CLIENT = `
import { NetConnection, NetStream } from "@millrace/client";
import { decodeAmf0, encodeAmf0 } from "@millrace/core/amf";
if (decodeAmf0(encodeAmf0("ok"))[0] !== "ok") throw new Error("AMF does not come back.");
const connection = new NetConnection();
connection.onStatus = info => {
	if (info.code !== "NetConnection.Connect.Success") return;
	const stream = new NetStream(connection);
	stream.onStatus = ({ code }) => {
		if (code !== "NetStream.Play.Start") return;
		console.log("a client connected and plays");
		connection.close();
	};
	stream.play("demo");
};
connection.connect(process.argv[2]);
`;

const CALLER = `
import { NetConnection } from "@millrace/client";
const connection = new NetConnection();
connection.client = { said() {} };
await connection.connectAsync(process.argv[2], "Anna");
if ((await connection.remote().say("Hello!")) !== 1) throw new Error("The application answered something else.");
connection.close();
console.log("its application answers");
`;

const work = mkdtempSync(join(tmpdir(), "millrace-packages-"));
try {
	const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
	const folder = installPacked();
	for (const node of [oldestNode(), process.execPath]) await tryOn(node, folder, version);
	console.log("The packed packages work.");
} finally {
	rmSync(work, { recursive: true, force: true });
}

/** An empty project with the three tarballs in it. */
function installPacked(): string {
	const tarballs = join(work, "tarballs");
	mkdirSync(tarballs);
	npm(root, "run", "-s", "build");
	for (const name of PUBLISHED) npm(join(root, "packages", name), "pack", "--pack-destination", tarballs);
	const folder = join(work, "project");
	mkdirSync(folder);
	writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "tried", private: true, type: "module" }));
	const files = readdirSync(tarballs).map(file => join(tarballs, file));
	npm(folder, "install", "--no-audit", "--no-fund", ...files);
	console.log(`installed ${readdirSync(tarballs).join(", ")}`);
	return folder;
}

/** The oldest Node that is promised, from its platform package; nothing of the repository depends on it. */
function oldestNode(): string {
	const folder = join(work, "node");
	mkdirSync(folder);
	writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "oldest-node", private: true }));
	const name = `node-${process.platform}-${process.arch}`;
	npm(folder, "install", "--no-audit", "--no-fund", `${name}@${OLDEST_NODE}`);
	const binary = join(folder, "node_modules", name, "bin", "node");
	if (!existsSync(binary)) throw new Error(`${name}@${OLDEST_NODE} holds no ${binary}.`);
	return binary;
}

async function tryOn(node: string, folder: string, version: string): Promise<void> {
	const label = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
	const command = join(folder, "node_modules", "millrace", "dist", "cli", "main.js");
	const printed = execFileSync(node, [command, "--version"], { cwd: folder, encoding: "utf8" }).trim();
	if (!printed.includes(version)) throw new Error(`${label}: millrace --version printed ${printed}.`);
	writeFileSync(join(folder, "server.js"), SERVER);
	writeFileSync(join(folder, "client.js"), CLIENT);
	writeFileSync(join(folder, "caller.js"), CALLER);
	const application = `tried-${label}`;
	execFileSync(node, [command, "new", application], { cwd: folder });
	execFileSync(node, ["--test"], {
		cwd: join(folder, "applications", application),
		stdio: ["ignore", "ignore", "inherit"],
	});
	const server = spawn(node, ["server.js"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
	try {
		const url = await firstLine(server);
		const said = execFileSync(node, ["client.js", url], { cwd: folder, encoding: "utf8", timeout: START_MILLIS });
		const address = url.replace(/live$/, application);
		const called = execFileSync(node, ["caller.js", address], { cwd: folder, encoding: "utf8", timeout: START_MILLIS });
		console.log(`${label}: millrace ${printed}; ${said.trim()}; ${called.trim()}`);
	} finally {
		server.kill();
		if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
	}
}

async function firstLine(server: ChildProcess): Promise<string> {
	const failed = once(server, "exit").then(([code]) => {
		throw new Error(`The server ended with ${code}.`);
	});
	const late = new Promise<never>((_, reject) => {
		setTimeout(() => reject(new Error(`The server did not start within ${START_MILLIS} ms.`)), START_MILLIS).unref();
	});
	const [line] = (await Promise.race([once(server.stdout!, "data"), failed, late])) as [Buffer];
	failed.catch(() => undefined);
	return line.toString().trim();
}

function npm(cwd: string, ...args: string[]): void {
	// The outer npm's settings would name another project.
	const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_config_local")));
	execFileSync("npm", [...args, "--loglevel=error"], {
		cwd,
		env: { ...env, INIT_CWD: cwd },
		stdio: ["ignore", "ignore", "inherit"],
	});
}
