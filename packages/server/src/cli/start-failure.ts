import type { LoadedConfig, ServerOptions } from "../config/index.ts";

/**
 * One line for an error with which listening failed, undefined where the error is of another kind. The system's error
 * may be the `cause` of what was thrown.
 */
export function explainStartFailure(
	error: unknown,
	options: ServerOptions,
	placeOf: LoadedConfig["placeOf"],
): string | undefined {
	const system = systemErrorOf(error);
	if (system === undefined) return undefined;
	const { code, port, address } = system;
	const remedy = remedyFor(port, options, placeOf);
	switch (code) {
		case "EADDRINUSE":
			return `Port ${port} is in use. Another server runs there? (Linux: ss -ltnp 'sport = :${port}'.) ${remedy}`;
		case "EACCES":
		case "EPERM":
			return `Port ${port} needs rights that this user does not have (every port below 1024 may). ${rightsFor(port)}${remedy}`;
		case "EADDRNOTAVAIL":
			return `${address} is not an address of this machine. Choose another with --host.`;
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return `The address ${system.hostname ?? address} to listen on cannot be found. Choose another with --host.`;
		default:
			return undefined;
	}
}

/** How a user who is not root gets a low port, in the words of the system. */
function rightsFor(port: number | undefined): string {
	if (process.platform !== "linux" || port === undefined || port >= 1024) return "";
	return `Give it to every user with "sysctl net.ipv4.ip_unprivileged_port_start=${port}", or to a systemd service with "AmbientCapabilities=CAP_NET_BIND_SERVICE". `;
}

interface SystemError {
	readonly code: string;
	readonly port?: number;
	readonly address?: string;
	readonly hostname?: string;
}

function systemErrorOf(error: unknown): SystemError | undefined {
	for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
		const { code, syscall } = cause as NodeJS.ErrnoException;
		if (typeof code === "string" && (syscall === "listen" || syscall === "bind" || syscall === "getaddrinfo")) {
			return cause as Error & SystemError;
		}
	}
	return undefined;
}

/** The flags reach the first listener of each protocol; any further one is where it was written. */
function remedyFor(port: number | undefined, options: ServerOptions, placeOf: LoadedConfig["placeOf"]): string {
	const index = options.listeners.findIndex(listener => listener.port === port);
	const listener = options.listeners[index];
	if (listener === undefined) return "Choose another in `listeners`.";
	const first = options.listeners.findIndex(({ protocol }) => protocol === listener.protocol);
	if (first === index) return `Choose another with --${listener.protocol}-port.`;
	return `Choose another in ${placeOf(["listeners", index, "port"]) ?? "`listeners`"}.`;
}
