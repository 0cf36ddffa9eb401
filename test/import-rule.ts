import { posix } from "node:path";

/** A source file: its path from the repository's root, and its text. */
export type SourceFile = { readonly path: string; readonly text: string };

type Import = { readonly specifier: string; readonly typeOnly: boolean };

/** The rooms of each package by their rings: a file imports from its own room or a lower ring, or from its own ring. */
const RINGS: Record<string, Record<string, number>> = {
	core: {
		fault: 0,
		bytes: 0,
		amf: 1,
		flv: 1,
		codec: 1,
		mp4: 1,
		crypto: 1,
		rtmp: 2,
		tunnel: 2,
		"shared-object": 2,
		"": 9,
	},
	client: { "": 3 },
	server: {
		log: 3,
		access: 3,
		config: 3,
		net: 3,
		hub: 4,
		"shared-object": 4,
		script: 4,
		app: 5,
		library: 5,
		application: 6,
		legacy: 6,
		host: 6,
		rtmp: 6,
		output: 6,
		remoting: 7,
		demo: 6,
		stream: 6,
		testing: 7,
		admin: 7,
		http: 7,
		cli: 8,
		"": 8,
	},
	console: { "": 9 },
	testkit: { "": 9 },
};

/** Which of our packages a package may import. */
const PACKAGES: Record<string, readonly string[]> = {
	core: [],
	client: ["@millrace/core"],
	server: ["@millrace/core", "@millrace/client"],
	console: ["@millrace/core", "@millrace/client"],
	testkit: ["@millrace/core"],
};

/** Folders of the client that may use the platform; only its `index.ts` may import from them. */
const CLIENT_PLATFORMS = ["node", "browser"];

/** What the core must not touch, as it stands in code. A date of a given time is a value; the time of day is not. */
const PLATFORM_GLOBAL =
	/(?<![\w.#])(Buffer|process|performance|console|crypto|setTimeout|setInterval|setImmediate|queueMicrotask|requestAnimationFrame|window|document|navigator|fetch|WebSocket)\b(?=\s*[.(])|\bMath\.random\b|\bDate\.now\b|\bnew Date\(\)/g;

/** Every breach of the import direction (design §1), one sentence each. `files` are those of each package's `src`. */
export function findBreaches(files: readonly SourceFile[]): string[] {
	return files.flatMap(file => {
		const place = placeOf(file.path);
		if (place === undefined) return [];
		const code = withoutComments(file.text);
		const breaches = importsOf(code).flatMap(found => breachOf(place, file.path, found) ?? []);
		if (!isTest(file.path)) breaches.push(...platformUses(place, code));
		return breaches.map(breach => `${file.path}: ${breach}`);
	});
}

type Place = { readonly pkg: string; readonly room: string; readonly ring: number };

/** Package and room of a path; files right in `src` are in the room without a name. */
function placeOf(path: string): Place | undefined {
	const [, pkg = "", rest = ""] = /^packages\/([^/]+)\/src\/(.*)$/.exec(path) ?? [];
	const rings = RINGS[pkg];
	if (rings === undefined) return undefined;
	const folder = rest.includes("/") ? rest.slice(0, rest.indexOf("/")) : "";
	// Packages without rings of their own are one room.
	const room = Object.keys(rings).length === 1 ? "" : folder;
	return { pkg, room, ring: rings[room] ?? Number.NaN };
}

function breachOf(from: Place, path: string, { specifier, typeOnly }: Import): string | undefined {
	if (Number.isNaN(from.ring)) return `its folder ${from.room} has no ring; give it one in test/import-rule.ts`;
	if (specifier.startsWith(".")) return relativeBreach(from, path, specifier, typeOnly);
	if (specifier.startsWith("@millrace/") || specifier === "millrace") {
		const allowed = PACKAGES[from.pkg]!.some(name => specifier === name || specifier.startsWith(`${name}/`));
		if (allowed || (specifier === "@millrace/testkit" && isTest(path))) return undefined;
		return `${from.pkg} must not import ${specifier}`;
	}
	if (isTest(path)) return undefined;
	if (from.pkg === "core") return `the core has no dependencies and no platform, but imports ${specifier}`;
	if (from.pkg === "client" && !isClientPlatform(path)) {
		return `only ${CLIENT_PLATFORMS.join(" and ")} of the client may use the platform, but it imports ${specifier}`;
	}
	return undefined;
}

function relativeBreach(from: Place, path: string, specifier: string, typeOnly: boolean): string | undefined {
	const target = posix.join(posix.dirname(path), specifier);
	const to = placeOf(target);
	if (to === undefined) return isTest(path) ? undefined : `it imports ${specifier} from outside the packages' sources`;
	if (to.pkg !== from.pkg) {
		const isAnswerType = from.pkg === "console" && to.pkg === "server" && typeOnly && isIndex(target);
		return isAnswerType ? undefined : `${from.pkg} must not import ${specifier} by its path`;
	}
	if (isTestSupport(target) && isTest(path)) return undefined;
	if (from.pkg === "client" && isClientPlatform(target) && !isClientPlatform(path)) {
		return path.endsWith("/src/index.ts") || isTest(path) ? undefined : `only index.ts may import ${specifier}`;
	}
	if (to.room === from.room) return undefined;
	if (to.ring > from.ring)
		return `${from.room} is in ring ${from.ring} and must not import ${specifier} of ring ${to.ring}`;
	return to.room === "" || isIndex(target)
		? undefined
		: `${specifier} is inside another folder; only its index.ts is for others`;
}

function platformUses({ pkg }: Place, code: string): string[] {
	if (pkg !== "core") return [];
	const plain = code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
	return [...plain.matchAll(PLATFORM_GLOBAL)].map(([found]) => `the core must not use ${found}`);
}

/** The import and export statements of code without comments, and `import()` with a fixed name. */
function importsOf(code: string): Import[] {
	const statements = /(?:^|[;}\n])\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]*?\bfrom\s*)?["']([^"'\n]+)["']/g;
	const imports = [...code.matchAll(statements)].map(([, type, specifier = ""]) => ({
		specifier,
		typeOnly: type !== undefined,
	}));
	for (const [, specifier = ""] of code.matchAll(/\bimport\(\s*["']([^"'\n]+)["']/g)) {
		imports.push({ specifier, typeOnly: false });
	}
	return imports;
}

/** Comments that begin a line or follow code; `//` inside a string, as in an address, stays. */
function withoutComments(text: string): string {
	return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[\s;{}(),])\/\/.*$/gm, "$1");
}

function isClientPlatform(path: string): boolean {
	return CLIENT_PLATFORMS.some(folder => path.startsWith(`packages/client/src/${folder}/`));
}

function isIndex(path: string): boolean {
	return path.endsWith("/index.ts");
}

function isTest(path: string): boolean {
	return path.endsWith(".test.ts") || isTestSupport(path);
}

function isTestSupport(path: string): boolean {
	return /(-fixture|-case|\/test-[\w-]+)\.ts$/.test(path);
}
