import { ArgumentError } from "../errors.ts";
import { ROAD_PROTOCOLS, type RoadProtocol } from "./address.ts";
import { isLoopback } from "./attempt-list.ts";

/** An HTTP proxy. */
export type HttpProxy = {
	readonly host: string;
	readonly port: number;
	/** The connection to the proxy itself is by TLS. */
	readonly isSecure: boolean;
	/** User and password, where the proxy asks for them (basic or digest authentication). */
	readonly credentials: { readonly user: string; readonly password: string } | undefined;
};

/** Which proxy is for what. */
export type ProxySettings = {
	/** For requests by HTTP: the tunnels `rtmpt` and `rtmpte`. */
	readonly http: HttpProxy | undefined;
	/** For what goes through the proxy by CONNECT. */
	readonly connect: HttpProxy | undefined;
	/** Hosts that are reached directly: names with their subdomains, addresses, `*`; each with a port or without. */
	readonly except: readonly string[];
};

/**
 * Reads the variables that programs share: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small or capital
 * letters. As in curl, `HTTP_PROXY` does not count where `REQUEST_METHOD` is set, since a web request may have put it
 * there. What is no address of an HTTP proxy is passed over.
 */
export function proxiesOfEnvironment(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
	const variable = (name: string): string | undefined => environment[name] || environment[name.toUpperCase()];
	const isWebRequest = environment["REQUEST_METHOD"] !== undefined;
	const http = environment["http_proxy"] || (isWebRequest ? undefined : environment["HTTP_PROXY"]);
	const all = variable("all_proxy");
	return {
		http: usableProxy(http ?? all),
		connect: usableProxy(variable("https_proxy") ?? all),
		except: (variable("no_proxy") ?? "").split(/[\s,]+/).filter(entry => entry !== ""),
	};
}

/**
 * Reads a proxy's address: `http://user:password@proxy:3128`. Without a port 80 is meant, or 443 with `https`.
 *
 * @throws ArgumentError for what is no address, and for other kinds of proxies
 */
export function parseProxy(text: string): HttpProxy {
	const url = URL.parse(text.includes("://") ? text : `http://${text}`);
	if (url === null || url.hostname === "") throw new ArgumentError("The proxy's address is no address.");
	const { protocol, username, password } = url;
	if (protocol !== "http:" && protocol !== "https:") {
		throw new ArgumentError(`Proxies by ${protocol.slice(0, -1)} are not offered; http and https are.`);
	}
	const isSecure = protocol === "https:";
	return {
		host: url.hostname.replace(/^\[|\]$/g, ""),
		port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
		isSecure,
		credentials:
			username === "" ? undefined : { user: decodeURIComponent(username), password: decodeURIComponent(password) },
	};
}

/** The proxy for a road to a host, where there is one. This machine is always reached directly. */
export function proxyFor(settings: ProxySettings, protocol: RoadProtocol, host: string): HttpProxy | undefined {
	const { isTunnel, isSecure } = ROAD_PROTOCOLS[protocol];
	const proxy = isTunnel && !isSecure ? settings.http : (settings.connect ?? settings.http);
	return proxy === undefined || isLoopback(host) || isExcepted(settings.except, host) ? undefined : proxy;
}

/** The header's value: `Basic …` (RFC 7617), in UTF-8. */
export function basicAuthorization({ user, password }: { user: string; password: string }): string {
	let binary = "";
	for (const byte of new TextEncoder().encode(`${user}:${password}`)) binary += String.fromCharCode(byte);
	return `Basic ${btoa(binary)}`;
}

function usableProxy(text: string | undefined): HttpProxy | undefined {
	if (text === undefined) return undefined;
	try {
		return parseProxy(text);
	} catch (error) {
		// The variable belongs to other programs too, and may name a kind of proxy that only they know.
		if (error instanceof ArgumentError || error instanceof URIError) return undefined;
		throw error;
	}
}

function isExcepted(except: readonly string[], host: string): boolean {
	const name = host.toLowerCase();
	return except.some(entry => {
		if (entry === "*") return true;
		const bare = entry
			.toLowerCase()
			.replace(/^\[(.*)\](:\d+)?$/, "$1")
			.replace(/^([^:]*):\d+$/, "$1")
			.replace(/^\*?\./, "");
		return name === bare || name.endsWith(`.${bare}`);
	});
}
