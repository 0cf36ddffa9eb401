import type { PlayerSchedule } from "../../library/index.ts";
import type { ApplicationRules } from "../peer-context.ts";
import type { EdgeFeeds } from "./edge-feed.ts";

/** What clients that go through this server share. */
export type EdgeContext = {
	/** The servers that may be reached. */
	readonly origins: readonly string[];
	/** How streams behave here; who may publish, the origin says. */
	readonly rules: ApplicationRules;
	readonly feeds: EdgeFeeds;
	readonly schedule: PlayerSchedule;
};
