import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../../../packages/server/src/app/", import.meta.url));

/** The code of an application that does whatever it can against its server, as its clients tell it to. */
export const HOSTILE = `
import fs from "node:fs";
import os from "node:os";
import child from "node:child_process";
import { defineApplication } from "millrace/app";
import { encodeControl, encodeEffect } from ${JSON.stringify(`${SOURCES}port-codec.ts`)};
import { encodeFrame, frameHead } from ${JSON.stringify(`${SOURCES}port-frame.ts`)};

const parent = process.ppid;
const kept: unknown[] = [];

/** Writes to the descriptor of the port, past everything that could keep us from it. */
function raw(bytes: Uint8Array): void {
	for (let at = 0; at < bytes.length; ) {
		try { at += fs.writeSync(3, bytes, at); } catch (error) { if ((error as { code?: string }).code !== "EAGAIN") throw error; }
	}
}
function frame(port: number, items: Uint8Array[], handled = 0): void {
	const bytes = encodeFrame({ port, handled, items });
	raw(frameHead(bytes));
	raw(bytes);
}
/** Tries something for each of the names, and says how each went. */
function attempts(list: Record<string, () => unknown>): Record<string, string> {
	return Object.fromEntries(Object.entries(list).map(([name, attempt]) => {
		try { return [name, "done: " + String(attempt()).slice(0, 40)]; } catch (error) { return [name, "refused: " + (error as Error).message]; }
	}));
}
function forever(action: () => void): void {
	const again = () => { action(); setImmediate(again); };
	again();
}

export default defineApplication({
	methods: {
		add: (_client, a: number, b: number) => a + b,
		loop() { for (;;) Math.random(); },
		growMap() { const map = new Map(); for (let i = 0; ; i++) map.set(i, "entry " + i); },
		fillArray() { kept.push(new Array(2 ** 32 - 2).fill(0)); },
		growBuffers() { forever(() => kept.push(Buffer.alloc(8 * 1024 * 1024, 1))); },
		growBuffersInLoop() { for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1)); },
		timers() { for (let i = 0; i < 1_000_000; i++) setInterval(() => kept.length, 1 + i % 50); },
		reject() { for (let i = 0; i < 1000; i++) void Promise.reject(new Error("nobody catches this")); },
		throwLater() { for (let i = 0; i < 1000; i++) setTimeout(() => { throw new Error("nobody catches this either"); }); },
		exit() { process.exit(7); },
		huge: () => "x".repeat(5_000_000),
		manyLarge(client) { for (let i = 0; i < 8; i++) client.app.broadcast("bulk", "x".repeat(3_000_000)); },
		flood(client) { forever(() => { for (let i = 0; i < 500; i++) void client.call("ping", i).catch(() => {}); }); },
		broadcasts(client) { forever(() => { for (let i = 0; i < 500; i++) client.app.broadcast("noise", i); }); },
		largeBroadcasts(client) { forever(() => client.app.broadcast("noise", Array.from({ length: 90_000 }, (_, i) => i))); },
		questions(client) { forever(() => { for (let i = 0; i < 500; i++) void client.app.streams.list().catch(() => {}); }); },
		logs(client) { forever(() => { for (let i = 0; i < 200; i++) client.app.log.error("y".repeat(1000)); }); },
		output() { forever(() => { for (let i = 0; i < 100; i++) console.log("noise ".repeat(100)); }); },
		outputWithoutEnd() { forever(() => { process.stdout.write("z".repeat(1_000_000)); }); },
		getters: () => ({ get a(): never { throw new Error("a getter that throws"); } }),
		regex: () => /^(a+)+$/.test("a".repeat(40) + "b"),

		garbage() { for (;;) raw(Buffer.alloc(4096, 0xff)); },
		brokenFrame() { raw(Uint8Array.of(0, 0, 1, 0)); },
		wrongLengths() { const bytes = new Uint8Array(64).fill(200); raw(frameHead(bytes)); raw(bytes); },
		unknownEffects() { frame(1, [encodeControl("99")]); },
		emptyItems() { const bytes = Buffer.alloc(12 + 4 * 3_000_000); bytes.writeUInt32BE(1, 0); bytes.writeUInt32BE(3_000_000, 8); raw(frameHead(bytes)); raw(bytes); },
		readyAgain() { forever(() => { frame(0, Array.from({ length: 5000 }, () => encodeControl("ready"))); }); },
		closedAgain() { frame(0, Array.from({ length: 5000 }, () => encodeControl("closed", 1))); },
		repeatedClients(client) {
			const clients = Array.from({ length: 100_000 }, () => client.id);
			for (let port = 1; port < 4; port++) frame(port, [encodeEffect({ kind: "shared-object", clients, type: 19, body: new Uint8Array(1_000_000) })]);
		},
		smallEffects(client) {
			const effect = encodeEffect({ kind: "access", client: client.id, read: "/", write: "/" });
			forever(() => { frame(1, Array.from({ length: 500_000 }, () => effect)); });
		},
		closeDescriptor() { fs.closeSync(3); },
		falseDebugger() {
			process.on("SIGUSR1", () => {});
			for (let i = 0; ; i++) {
				fs.writeSync(2, "Debugger listening on " + ["ws://[", "ws://127.0.0.1:1/", "http://127.0.0.1/", "ws://other.example/x"][i % 4] + "\\n");
				for (const until = Date.now() + 20; Date.now() < until; );
			}
		},

		files: () => attempts({
			read: () => fs.readFileSync("/etc/passwd"),
			up: () => fs.readFileSync("../../../../../../etc/hostname"),
			bytes: () => fs.readFileSync(Buffer.from("/etc/passwd")),
			list: () => fs.readdirSync(".."),
			sibling: () => fs.readFileSync("../victim/main.ts"),
			write: () => fs.writeFileSync("../intruder.txt", "x"),
			temporary: () => fs.mkdtempSync(os.tmpdir() + "/x"),
			memory: () => fs.openSync("/proc/" + parent + "/mem", "r+"),
			environment: () => fs.readFileSync("/proc/" + parent + "/environ"),
			symbolicLink: () => { fs.symlinkSync("/etc/passwd", "leak"); return fs.readFileSync("leak"); },
			hardLink: () => fs.linkSync("/etc/passwd", "leak2"),
			rename: () => fs.renameSync("main.ts", "../moved.ts"),
			copy: () => fs.cpSync("/etc/ssl", "copied", { recursive: true }),
			report: () => process.report.writeReport("/tmp/millrace-hostile-report.json"),
			environmentFile: () => process.loadEnvFile("/etc/environment"),
		}),
		processes: () => attempts({
			spawn: () => child.spawnSync("id").error?.message ?? "ran",
			exec: () => child.execSync("id"),
			fork: () => child.fork("main.ts").pid,
			kill: () => process.kill(parent, "SIGKILL"),
			killBelow: () => (process as unknown as { _kill(pid: number, signal: number): void })._kill(parent, 9),
			debugParent: () => (process as unknown as { _debugProcess(pid: number): void })._debugProcess(parent),
			priority: () => os.setPriority(parent, 19),
			binding: () => (process as unknown as { binding(name: string): unknown }).binding("spawn_sync"),
			addon: () => process.dlopen({ exports: {} }, "/lib/x86_64-linux-gnu/libc.so.6"),
			inspector: () => process.getBuiltinModule("inspector"),
			restore: () => { Object.defineProperty(process, "kill", { value: () => "mine" }); return process.kill(1, 0); },
			require: () => process.getBuiltinModule("module").createRequire("/")("child_process").execSync("id"),
			execve: () => (process as unknown as { execve(path: string, args: string[], env: object): void }).execve("/usr/bin/id", ["id"], {}),
		}),
		worker: async () => { const { Worker } = await import("node:worker_threads"); return new Worker("setInterval(() => {}, 1)", { eval: true }).threadId; },
		killGroup() {
			const handle = (new (child.ChildProcess as unknown as new () => { _handle: { kill(signal: number): number } })())._handle;
			return handle.kill(9);
		},
	},
});
`;

/** An application whose every handler throws. */
export const THROWS = `
import { defineApplication } from "millrace/app";
const fail = (): never => { throw new Error("whatever you ask"); };
export default defineApplication({
	onStart(app) { app.setInterval(fail, 5); app.setTimeout(async () => fail(), 1); },
	onConnect(client, who) { if (who !== "friend") fail(); },
	onDisconnect: fail, onPublish: fail, onUnpublish: fail, onPlay: fail, onStop: fail, onRecord: fail, onShutdown: fail,
	onCall: fail,
});
`;

/** An application that never comes to an end while it is loaded. */
export const NEVER_LOADS = "for (;;) Math.random();\n";
