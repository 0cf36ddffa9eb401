import { createHash } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { needPrograms, Program, runProgram, type SkippableTest, type TempDir } from "@millrace/testkit";
import { programPath } from "./suite-server.ts";

/** How a proxy wants to know who comes. */
export type ProxyAuthentication = "none" | "basic" | "digest";

/** A program that is an HTTP proxy, and how it is run. */
export type HttpProxyKind = {
	readonly name: string;
	readonly authentication: ProxyAuthentication;
	/** Whether it reads the body of a request that it refuses. */
	readonly readsBodies: boolean;
	need(test: SkippableTest): void;
	/** Starts it in front of a network: it listens on `address`, port 3128, and goes out from there. */
	start(prefix: readonly string[], address: string, dir: TempDir): Promise<Program>;
};

/** Whom the proxies know. */
export const PROXY_USER = "me";
export const PROXY_PASSWORD = "pass.word-1";
export const PROXY_PORT = 3128;
const REALM = "proxy";

export const httpProxies: readonly HttpProxyKind[] = [
	squid("none"),
	squid("basic"),
	squid("digest"),
	tinyproxy("none"),
	tinyproxy("basic"),
];

function squid(authentication: ProxyAuthentication): HttpProxyKind {
	return {
		name: named("squid", authentication),
		authentication,
		readsBodies: true,
		need: test => needPrograms(test, "squid", "openssl"),
		async start(prefix, address, dir) {
			// It does not stay root.
			chmodSync(dir.path, 0o755);
			const users = dir.file("users");
			writeFileSync(users, await passwordLine(authentication));
			const helper = authentication === "digest" ? "digest_file_auth -c" : "basic_ncsa_auth";
			const file = dir.file("squid.conf");
			writeFileSync(
				file,
				[
					`http_port ${address}:${PROXY_PORT}`,
					`tcp_outgoing_address ${address}`,
					"pid_filename none",
					"cache deny all",
					"access_log none",
					"cache_log /dev/null",
					"pinger_enable off",
					"max_filedescriptors 1024",
					"shutdown_lifetime 1 second",
					`coredump_dir ${dir.path}`,
					...(authentication === "none"
						? ["http_access allow all"]
						: [
								`auth_param ${authentication} program /usr/lib/squid/${helper} ${users}`,
								`auth_param ${authentication} children 1`,
								`auth_param ${authentication} realm proxy`,
								"acl known proxy_auth REQUIRED",
								"http_access allow known",
							]),
					"http_access deny all",
					"",
				].join("\n"),
			);
			return started(prefix, ["squid", "-N", "-d", "1", "-f", file], /Accepting HTTP Socket connections/);
		},
	};
}

function tinyproxy(authentication: "none" | "basic"): HttpProxyKind {
	return {
		name: named("tinyproxy", authentication),
		authentication,
		readsBodies: false,
		need: test => needPrograms(test, "tinyproxy"),
		start(prefix, address, dir) {
			const file = dir.file("tinyproxy.conf");
			writeFileSync(
				file,
				[
					`Port ${PROXY_PORT}`,
					`Listen ${address}`,
					`Bind ${address}`,
					"Timeout 60",
					"MaxClients 50",
					"LogLevel Info",
					...(authentication === "none" ? [] : [`BasicAuth ${PROXY_USER} ${PROXY_PASSWORD}`]),
					"",
				].join("\n"),
			);
			return started(prefix, ["tinyproxy", "-d", "-c", file], /Starting main loop|listening/i);
		},
	};
}

function named(program: string, authentication: ProxyAuthentication): string {
	return authentication === "none" ? program : `${program}, which wants ${authentication} credentials`;
}

/** A line of a password file as each helper wants it. */
async function passwordLine(authentication: ProxyAuthentication): Promise<string> {
	if (authentication === "none") return "";
	if (authentication === "digest") {
		const hash = createHash("md5").update(`${PROXY_USER}:${REALM}:${PROXY_PASSWORD}`).digest("hex");
		return `${PROXY_USER}:${REALM}:${hash}\n`;
	}
	const { stdout } = await runProgram("openssl", ["passwd", "-apr1", PROXY_PASSWORD]);
	return `${PROXY_USER}:${stdout.trim()}\n`;
}

async function started(prefix: readonly string[], words: readonly string[], line: RegExp): Promise<Program> {
	const [name, ...args] = words;
	const [path, ...rest] = [...prefix, programPath(name!), ...args];
	const program = new Program(path!, rest);
	try {
		await program.waitForLine(line, 20_000);
	} catch (error) {
		await program.stop("SIGKILL");
		throw error;
	}
	return program;
}
