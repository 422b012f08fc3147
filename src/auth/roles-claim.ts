/** The claim in which ZITADEL's tokens have roles: by the name of each, the organisations where it holds, by their ids. */
export const zitadelRolesClaim = "urn:zitadel:iam:org:project:roles";
