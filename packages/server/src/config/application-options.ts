import type { ServerOptions } from "./schema.ts";

/** An application's settings, with what it overrides already laid over what holds for the server. */
export interface ApplicationOptions {
	/** Among those of its host. */
	readonly name: string;
	readonly type: "live" | "vod";
	/** The protocols by which clients may connect; undefined: any. */
	readonly protocols: readonly string[] | undefined;
	readonly publish: ServerOptions["publish"];
	readonly live: ServerOptions["live"];
	readonly record: ServerOptions["record"];
	readonly media: ApplicationMedia;
	readonly bandwidth: ServerOptions["bandwidth"];
	readonly swfVerification: ServerOptions["swfVerification"];
	readonly code: ServerOptions["code"];
	/** Whether the gateway of Flash Remoting reaches it. */
	readonly remoting: boolean;
	/** What its code finds at `app.config`. */
	readonly config: Readonly<Record<string, unknown>>;
}

/** Where an application's files are, beside its own folder. */
export interface ApplicationMedia {
	readonly directories: readonly { readonly prefix: string; readonly path: string; readonly virtualKey: string }[];
	/** Which clients have a virtual key. */
	readonly virtualKeys: readonly { readonly key: string; readonly from: string; readonly to: string }[];
	readonly followLinks: boolean;
	/** Whether pages and API list them. */
	readonly list: boolean;
}

/**
 * The settings of an application by its name, of the default host or a virtual one; undefined when it is not listed, has no folder (`exists`), and
 * `allowUnknownApplications` is false. Names are compared as they are, upper and lower case apart.
 */
export function applicationOptions(
	options: ServerOptions,
	name: string,
	exists: (name: string) => boolean = () => false,
	hostName?: string,
): ApplicationOptions | undefined {
	const host = hostName === undefined ? undefined : ownValue(options.virtualHosts, hostName);
	if (host === undefined && hostName !== undefined) return undefined;
	const known = ownValue((host ?? options).applications, name);
	const allowsUnknown = host?.allowUnknownApplications ?? options.allowUnknownApplications;
	if (known === undefined && !allowsUnknown && !exists(name)) return undefined;
	const resolved = <Name extends OverridableSection>(section: Name): ServerOptions[Name] =>
		overlaid(overlaid(options[section], host?.[section]), known?.[section]);
	const key = known?.publish?.key ?? host?.publish?.key ?? options.publish.key;
	return {
		name,
		type: known?.type ?? "live",
		protocols: known?.protocols ?? host?.protocols ?? (options.protocols.length > 0 ? options.protocols : undefined),
		publish: { ...resolved("publish"), key },
		live: resolved("live"),
		record: resolved("record"),
		media: {
			directories: [
				...(known?.media?.directories ?? []),
				...(host?.media?.directories ?? (host === undefined ? options.media.directories : [])),
			],
			virtualKeys: known?.media?.virtualKeys ?? host?.media?.virtualKeys ?? options.media.virtualKeys,
			followLinks: known?.media?.followLinks ?? host?.media?.followLinks ?? options.media.followLinks,
			list: known?.media?.list ?? host?.media?.list ?? options.media.list,
		},
		bandwidth: resolved("bandwidth"),
		swfVerification: resolved("swfVerification"),
		code: resolved("code"),
		remoting: known?.remoting?.enabled ?? options.remoting.enabled,
		config: known?.config ?? {},
	};
}

type OverridableSection = "publish" | "live" | "record" | "bandwidth" | "swfVerification" | "code";

function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
	return Object.hasOwn(record, key) ? record[key] : undefined;
}

function overlaid<T extends object>(base: T, over: object | undefined): T {
	if (over === undefined) return base;
	const result = { ...base } as Record<string, unknown>;
	for (const [key, value] of Object.entries(over)) {
		if (value === undefined) continue;
		const below = result[key];
		result[key] = isSection(value) && isSection(below) ? overlaid(below, value) : value;
	}
	return result as T;
}

/** A list is a value like any other: it takes the place of the one below. */
function isSection(value: unknown): value is object {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
