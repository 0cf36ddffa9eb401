import { describe, expect, it } from "vitest";
import { applicationOptions } from "./application-options.ts";
import { resolveOptions } from "./load-config.ts";

describe("an application's options", () => {
	it("are lists that take the place of the server's", () => {
		const options = resolveOptions({
			record: { streams: ["a", "b"] },
			swfVerification: { exempt: [{ from: "FMLE/0.0", to: "FMLE/3.0" }] },
			applications: { live: { record: { streams: ["c"] }, swfVerification: { exempt: [], enabled: true } } },
		});
		const live = applicationOptions(options, "live");
		expect(live?.record.streams).toEqual(["c"]);
		expect(live?.swfVerification).toEqual({ ...options.swfVerification, exempt: [], enabled: true });
	});

	const options = resolveOptions({
		publish: { key: "server-key", graceMillis: "9s" },
		applications: {
			live: {},
			studio: { publish: { from: "nowhere", key: "studio-key" }, live: { viewerQueue: { maxBytes: "1MiB" } } },
			quiet: { publish: { key: null } },
			vod: {
				media: { directories: [{ path: "/films" }, { prefix: "old", path: "/old" }], followLinks: true, list: false },
			},
		},
	});

	it("of a virtual host are its own, over the host's, over the server's", () => {
		const hosted = resolveOptions({
			publish: { graceMillis: "9s", idleTimeoutMillis: "1m" },
			media: { directories: [{ path: "/all" }] },
			applications: { live: { publish: { graceMillis: "1s" } } },
			virtualHosts: {
				"chat.example.org": {
					folder: "./chat",
					publish: { graceMillis: "8s", duplicate: "refuse" },
					media: { directories: [{ path: "/chat" }] },
					applications: { room: { publish: { graceMillis: "7s" }, media: { directories: [{ path: "/room" }] } } },
				},
			},
		});
		const of = (name: string, host?: string) => applicationOptions(hosted, name, () => false, host);
		const { publish, media } = of("room", "chat.example.org")!;
		expect(publish).toMatchObject({ graceMillis: 7000, duplicate: "refuse", idleTimeoutMillis: 60_000 });
		expect(media.directories.map(({ path }) => path)).toEqual(["/room", "/chat"]);
		expect(of("live")?.media.directories).toEqual([{ prefix: "", path: "/all", virtualKey: "" }]);
		expect(of("live", "chat.example.org")).toBeUndefined();
		expect(of("room")).toBeUndefined();
		expect(of("room", "constructor")).toBeUndefined();
	});

	it("have the virtual keys of the nearest that says anything of them", () => {
		const rule = (key: string) => [{ key, from: "WIN 8,0,0,0", to: "WIN 9,0,0,0" }];
		const keyed = resolveOptions({
			media: { virtualKeys: rule("server") },
			applications: { live: {}, vod: { media: { virtualKeys: rule("own") } } },
			virtualHosts: {
				host: { folder: "./host", media: { virtualKeys: rule("host") }, applications: { a: { media: {} } } },
			},
		});
		const keys = (name: string, host?: string) =>
			applicationOptions(keyed, name, () => false, host)?.media.virtualKeys.map(({ key }) => key);
		expect([keys("live"), keys("vod"), keys("a", "host")]).toEqual([["server"], ["own"], ["host"]]);
	});

	it("are the server's where the application says nothing", () => {
		const live = applicationOptions(options, "live");
		const media = { directories: [], virtualKeys: [], followLinks: false, list: true };
		const { publish, live: liveOptions, record, swfVerification, bandwidth, code } = options;
		const own = { name: "live", type: "live", live: liveOptions, media, config: {} };
		expect(live).toEqual({ ...own, publish, record, swfVerification, remoting: true, bandwidth, code });
	});

	it("lay what the application says over the server's, at every depth", () => {
		const studio = applicationOptions(options, "studio");
		expect(studio?.publish).toEqual({ ...options.publish, from: "nowhere", key: "studio-key" });
		expect(studio?.live.viewerQueue).toEqual({ ...options.live.viewerQueue, maxBytes: 1_048_576 });
		expect(options.live.viewerQueue.maxBytes).toBe(8_388_608);
	});

	it("have the application's own folders of files, and its word on links and lists before the server's", () => {
		expect(applicationOptions(options, "vod")?.media).toEqual({
			directories: [
				{ prefix: "", path: "/films", virtualKey: "" },
				{ prefix: "old", path: "/old", virtualKey: "" },
			],
			virtualKeys: [],
			followLinks: true,
			list: false,
		});
		const followed = resolveOptions({ media: { followLinks: true } });
		expect(applicationOptions(followed, "live")?.media).toMatchObject({
			directories: [],
			followLinks: true,
			list: true,
		});
	});

	it("keep the server's key where the application's is null", () => {
		expect(applicationOptions(options, "quiet")?.publish.key).toBe("server-key");
	});

	it.each(["other", "LIVE", "toString", "__proto__"])("do not exist for `%s`, which is not listed", name => {
		expect(applicationOptions(options, name)).toBeUndefined();
	});

	it("exist for every name where unknown applications are allowed", () => {
		const open = { ...options, allowUnknownApplications: true };
		expect(applicationOptions(open, "toString")).toMatchObject({ name: "toString", type: "live" });
	});
});
