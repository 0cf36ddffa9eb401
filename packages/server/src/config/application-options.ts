import type { ServerOptions } from "./schema.ts";

/** An application's settings, with what it overrides already laid over what holds for the server. */
export interface ApplicationOptions {
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
	readonly directories: readonly { readonly prefix: string; readonly path: string }[];
	readonly followLinks: boolean;
	/** Whether pages and API list them. */
	readonly list: boolean;
}

/**
 * The settings of an application by its name; undefined when it is not listed, has no folder (`exists`), and
 * `allowUnknownApplications` is false. Names are compared as they are, upper and lower case apart.
 */
export function applicationOptions(
	options: ServerOptions,
	name: string,
	exists: (name: string) => boolean = () => false,
): ApplicationOptions | undefined {
	const known = Object.hasOwn(options.applications, name) ? options.applications[name] : undefined;
	if (known === undefined && !options.allowUnknownApplications && !exists(name)) return undefined;
	return {
		name,
		type: known?.type ?? "live",
		protocols: known?.protocols,
		publish: { ...overlaid(options.publish, known?.publish), key: known?.publish?.key ?? options.publish.key },
		live: overlaid(options.live, known?.live),
		record: overlaid(options.record, known?.record),
		media: {
			directories: known?.media?.directories ?? [],
			followLinks: known?.media?.followLinks ?? options.media.followLinks,
			list: known?.media?.list ?? options.media.list,
		},
		bandwidth: overlaid(options.bandwidth, known?.bandwidth),
		swfVerification: overlaid(options.swfVerification, known?.swfVerification),
		code: overlaid(options.code, known?.code),
		remoting: known?.remoting?.enabled ?? options.remoting.enabled,
		config: known?.config ?? {},
	};
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
