/**
 * What connections cost that do nothing, in an application with code: `node --conditions=source bench/micro/idle.ts
 * [count]`, 10,000 by default. Prints by how much the resident memory of the server's process and of the application's
 * process has grown for each: as soon as all are connected, and when they have been idle for a while. The limit of open
 * files must allow so many (`ulimit -n`).
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetConnection } from "@millrace/client";
import { ServerProcess } from "@millrace/testkit";
import { readMachine } from "../machine.ts";

const CODE = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	clientState: () => ({ name: "" }),
	onConnect(client, name) { client.state.name = String(name); },
	methods: { count: client => client.app.clients.size },
});
`;
const COUNT = Number(process.argv[2] ?? 10_000);
const AT_ONCE = 100;
/** Connections that come and go before anything is measured: what is made once is there then. */
const WARM_UP = 500;
const IDLE_MILLIS = 45_000;

const folder = mkdtempSync(join(tmpdir(), "millrace-idle-"));
mkdirSync(join(folder, "applications/idle"), { recursive: true });
writeFileSync(join(folder, "applications/idle/main.ts"), CODE);
const settings = [`media.applications=${join(folder, "applications")}`, `limits.connections=${COUNT + WARM_UP}`];
const server = await ServerProcess.start({ args: settings.flatMap(setting => ["--set", setting]) });
const { cpu, node, revision } = readMachine();
console.log(`${cpu}, Node ${node}, ${revision ?? ""}, ${COUNT} connections\n`);
try {
	const first = await connectAll(1);
	const application = childOf(server.pid);
	for (const connection of await connectAll(WARM_UP)) connection.close();
	await sleep(5000);
	const before = { server: residentBytes(server.pid), application: residentBytes(application) };
	const connections = await connectAll(COUNT);
	const report = (when: string) => {
		const perConnection = (pid: number, start: number) => ((residentBytes(pid) - start) / COUNT / 1000).toFixed(1);
		const [ofServer, ofApplication] = [
			perConnection(server.pid, before.server),
			perConnection(application, before.application),
		];
		console.log(`${when}: ${ofServer} kB each in the server, ${ofApplication} kB in the application`);
	};
	report("connected");
	await sleep(IDLE_MILLIS);
	report(`idle for ${IDLE_MILLIS / 1000} s`);
	if ((await first[0]!.callAsync("count")) !== COUNT + 1) throw new Error("Not all of them have stayed.");
	for (const connection of [...first, ...connections]) connection.close();
} finally {
	await server.stop();
	rmSync(folder, { recursive: true, force: true });
}

async function connectAll(count: number): Promise<NetConnection[]> {
	const connections: NetConnection[] = [];
	while (connections.length < count) {
		const group = Array.from({ length: Math.min(AT_ONCE, count - connections.length) }, () => new NetConnection());
		await Promise.all(group.map(each => each.connectAsync(server.rtmpUrl("idle"), "somebody")));
		connections.push(...group);
	}
	return connections;
}

/** The process that runs the application's code: the server has others, such as the shell that guards it. */
function childOf(parent: number): number {
	const children = readdirSync("/proc").filter(name => {
		if (!/^\d+$/.test(name)) return false;
		try {
			const isChild = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]!.split(" ")[1] === String(parent);
			return isChild && readFileSync(`/proc/${name}/cmdline`, "utf8").includes("runtime-process");
		} catch {
			// It has ended meanwhile.
			return false;
		}
	});
	if (children.length !== 1) throw new Error(`The server has ${children.length} processes of applications.`);
	return Number(children[0]);
}

function residentBytes(pid: number): number {
	return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
}

function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}
