import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RELAY_ROADS, type Transport } from "./scenario.ts";

/** What a server is started with: free ports, and an empty directory that is removed after it. */
export type Place = {
	/** The address to listen on. */
	host: string;
	rtmpPort: number;
	httpPort: number;
	directory: string;
	/** The applications folder with files to play; they are in `vod/media`. */
	files: string;
};

/** A command line, and the line of its output that tells it is ready (without one, open ports do). */
export type Launch = { command: string; args: string[]; cwd?: string; readyLine?: RegExp };

/** A server that can be measured: `prepare` makes sure that it is here, and throws an error that says why it is not. */
export type Peer = {
	name: string;
	transports: readonly Transport[];
	prepare(): { version: string; launch(place: Place): Launch };
};

const ROOT = join(import.meta.dirname, "..");
const MILLRACE_MAIN = join(ROOT, "packages/server/src/cli/main.ts");
const NMS_DIRECTORY = join(import.meta.dirname, "peers/node-media-server");
const NMS_PACKAGE = join(NMS_DIRECTORY, "node_modules/node-media-server");
const NGINX_MODULES = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/nginx/modules"];

/** Every server that scenarios may name. A new peer is an entry here and its name in scenario.ts. */
export const PEERS: readonly Peer[] = [
	millrace("interactive"),
	millrace("default"),
	millrace("scale"),
	{
		name: "nginx",
		transports: ["rtmp"],
		prepare() {
			const command = ["nginx", "/usr/sbin/nginx"].find(name => spawnSync(name, ["-v"]).error === undefined);
			if (command === undefined) throw new Error("nginx is not installed (Debian: nginx-core libnginx-mod-rtmp)");
			const module = NGINX_MODULES.map(folder => join(folder, "ngx_rtmp_module.so")).find(existsSync);
			if (module === undefined) throw new Error("nginx has no RTMP module (Debian: libnginx-mod-rtmp)");
			const template = readFileSync(join(import.meta.dirname, "peers/nginx.conf"), "utf8");
			return {
				version: nginxVersion(command),
				launch({ host, rtmpPort, directory, files }) {
					const file = join(directory, "nginx.conf");
					const values = {
						MODULE: module,
						RTMP_ADDRESS: `${host}:${rtmpPort}`,
						FILES: join(files, "vod/media"),
					};
					const text = template.replace(/@(\w+)@/g, (_, name: keyof typeof values) => values[name]);
					writeFileSync(file, text);
					return { command, args: ["-p", directory, "-e", "stderr", "-c", file] };
				},
			};
		},
	},
	{
		name: "node-media-server",
		transports: ["rtmp", "http-flv", "ws-flv"],
		prepare() {
			const wanted = JSON.parse(readFileSync(join(NMS_DIRECTORY, "package.json"), "utf8")).dependencies[
				"node-media-server"
			];
			if (installedVersion(NMS_PACKAGE) !== wanted) installNodeMediaServer();
			return {
				version: wanted,
				launch({ host, rtmpPort, httpPort, directory }) {
					const file = join(directory, "config.json");
					const config = {
						bind: host,
						store: { path: "./data" },
						auth: { play: false, publish: false },
						rtmp: { port: rtmpPort },
						http: { port: httpPort },
						webadmin: { enable: false },
						record: { auto: false, path: "./record" },
					};
					writeFileSync(file, JSON.stringify(config));
					return {
						command: process.execPath,
						args: [join(NMS_PACKAGE, "bin/app.js"), "--config", file],
						cwd: directory,
					};
				},
			};
		},
	},
];

/** Millrace from its sources in this repository, in one of its latency modes, otherwise as it comes. */
function millrace(latency: "interactive" | "default" | "scale"): Peer {
	return {
		name: `millrace-${latency}`,
		transports: ["rtmp", "http-flv", "ws-flv", ...RELAY_ROADS],
		prepare() {
			if (!existsSync(MILLRACE_MAIN)) throw new Error("packages/server/src/cli/main.ts does not exist");
			return {
				version: JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version,
				launch: ({ rtmpPort, httpPort, directory, files }) => ({
					command: process.execPath,
					args: [
						"--conditions=source",
						MILLRACE_MAIN,
						"serve",
						...["--rtmp-port", String(rtmpPort), "--http-port", String(httpPort)],
						...["--data-dir", directory, "--log-format", "json", "--set", `live.latency=${latency}`],
						...["--set", `media.applications=${files}`, "--set", "tls.selfSigned=true"],
						// The load may be on another network.
						...["--set", "publish.from=anywhere"],
					],
					cwd: ROOT,
					readyLine: /"event":\s*"listening"/,
				}),
			};
		},
	};
}

function nginxVersion(command: string): string {
	const nginx = /nginx\/(\S+)/.exec(spawnSync(command, ["-v"], { encoding: "utf8" }).stderr)?.[1] ?? "?";
	const query = spawnSync("dpkg-query", ["-W", "libnginx-mod-rtmp"], { encoding: "utf8" });
	return query.status === 0 ? `${nginx} with ${query.stdout.trim().replace("\t", " ")}` : nginx;
}

function installedVersion(folder: string): string | undefined {
	const file = join(folder, "package.json");
	return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}

function installNodeMediaServer(): void {
	console.error("Installing node-media-server for the comparison (npm ci in bench/peers/node-media-server) …");
	const npm = process.env["npm_execpath"];
	const args = ["ci", "--ignore-scripts", "--loglevel=error"];
	// npm exports the outer project's settings to its scripts; the inner npm has to find its own folder.
	const env = { ...process.env, INIT_CWD: NMS_DIRECTORY, npm_config_local_prefix: NMS_DIRECTORY };
	const options: SpawnSyncOptionsWithStringEncoding = {
		cwd: NMS_DIRECTORY,
		env,
		encoding: "utf8",
		stdio: ["ignore", "ignore", "pipe"],
	};
	const run = npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync("npm", args, options);
	if (run.status === 0) return;
	throw new Error(`npm ci failed: ${lastLines(run.stderr || String(run.error ?? `status ${run.status}`))}`);
}

function lastLines(text: string): string {
	return text.trim().split("\n").slice(-3).join(" | ");
}
