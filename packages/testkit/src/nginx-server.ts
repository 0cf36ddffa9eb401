import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./program.ts";
import { giveUp, needPrograms, type SkippableTest } from "./program-need.ts";
import type { ServerLaunch, ServerPlace } from "./server-process.ts";

/** Where Debian's libnginx-mod-rtmp puts the module. */
const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** As `needPrograms`, for nginx with its RTMP module. */
export function needNginx(test: SkippableTest): void {
	needPrograms(test, "nginx");
	if (!existsSync(MODULE)) giveUp(test, "nginx's RTMP module is not installed (Debian package libnginx-mod-rtmp)");
}

/**
 * nginx with its RTMP module as a server to prove the harness with and to compare with: one process, application
 * `live`, no GOP cache. A silent viewer is pinged after 1 s and dropped 2 s later, a silent publisher dropped after 3 s.
 */
export function nginxCommand(place: ServerPlace): ServerLaunch {
	const file = join(place.dataDir, "nginx.conf");
	writeFileSync(
		file,
		`load_module ${MODULE};
daemon off;
master_process off;
pid ${join(place.dataDir, "nginx.pid")};
error_log stderr info;
events { worker_connections 256; }
rtmp {
	server {
		listen ${place.host}:${place.rtmpPort};
		chunk_size 4096;
		ping 1s;
		ping_timeout 2s;
		access_log off;
		application live { live on; wait_key off; wait_video off; publish_notify on; play_restart off; drop_idle_publisher 3s; }
	}
}
`,
	);
	return {
		program: findProgram("nginx") ?? "nginx",
		args: ["-p", place.dataDir, "-c", file, "-e", "stderr"],
		isReady: line => line.includes("event method"),
	};
}
