import type { Member } from "./member.ts";
import { APPLICATION_MEMBERS } from "./members-application.ts";
import { CLIENT_MEMBERS } from "./members-client.ts";
import { GLOBAL_MEMBERS } from "./members-global.ts";
import { MEDIA_MEMBERS } from "./members-media.ts";
import { UTILITY_MEMBERS } from "./members-utility.ts";

/**
 * Every member that scripts of the old server could use: the one source of the migration guide's table and of the tests,
 * of which each member that is not absent has one over the wire that names it (`memberLabel`).
 */
export const MEMBERS: readonly Member[] = [
	...APPLICATION_MEMBERS,
	...CLIENT_MEMBERS,
	...GLOBAL_MEMBERS,
	...MEDIA_MEMBERS,
	...UTILITY_MEMBERS,
];
