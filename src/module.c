#include "pg.h"

#include <sodium.h>

#include "access.h"
#include "account.h"
#include "account_edit.h"
#include "account_import.h"
#include "audit.h"
#include "caller.h"
#include "choice.h"
#include "circle.h"
#include "device.h"
#include "domain.h"
#include "events.h"
#include "export.h"
#include "guard.h"
#include "hashing.h"
#include "health.h"
#include "held.h"
#include "identifier.h"
#include "identity.h"
#include "import_judge.h"
#include "invitation.h"
#include "invitation_list.h"
#include "key.h"
#include "link.h"
#include "log.h"
#include "lookup.h"
#include "mail.h"
#include "notify.h"
#include "object_type.h"
#include "objects.h"
#include "password.h"
#include "permission.h"
#include "person.h"
#include "picture.h"
#include "place.h"
#include "protect.h"
#include "revocation.h"
#include "rights.h"
#include "role.h"
#include "root.h"
#include "session.h"
#include "settings.h"
#include "setup.h"
#include "shown.h"
#include "sight.h"
#include "site.h"
#include "stats.h"
#include "template.h"
#include "throttle.h"
#include "uncompiled.h"
#include "word.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "users", .version = USERS_VERSION);
#else
PG_MODULE_MAGIC;
#endif

#if PG_VERSION_NUM < 160000
extern PGDLLEXPORT void _PG_init(void);
#endif

static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

static void
request_memory(void)
{
	if (next_request != NULL)
		next_request();
	RequestAddinShmemSpace(users_throttle_shmem_size());
	RequestAddinShmemSpace(users_hashing_shmem_size());
	RequestAddinShmemSpace(users_identity_shmem_size());
	/* The throttle's lock and the governor's. */
	RequestNamedLWLockTranche("users", 2);
}

static void
start_memory(void)
{
	if (next_startup != NULL)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	users_throttle_shmem_start();
	users_hashing_shmem_start();
	users_identity_shmem_start();
	LWLockRelease(AddinShmemInitLock);
}

/* Loaded at server start: shared memory and hooks. Without that the functions
 * that touch secrets refuse, and say what to do. */
static void
preload(void)
{
	users_preloaded = true;
	next_request = shmem_request_hook;
	shmem_request_hook = request_memory;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = start_memory;
	users_init_log();
	users_init_guard();
	users_init_objects();
	users_init_uncompiled();
}

void
_PG_init(void)
{
	if (sodium_init() < 0)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("libsodium cannot be initialised")));
	users_define_settings();
	if (process_shared_preload_libraries_in_progress)
		preload();
	users_init_caller();
	users_init_lookup();
	users_init_identity();
	users_init_hashing();
	users_init_password();
	users_init_revocation();
	users_init_notify();
	users_init_audit();
	users_init_root();
	users_init_key();
	users_init_identifier();
	users_init_account();
	users_init_account_edit();
	users_init_account_import();
	users_init_import_judge();
	users_init_choice();
	users_init_person();
	users_init_picture();
	users_init_circle();
	users_init_export();
	users_init_rights();
	users_init_access();
	users_init_session();
	users_init_link();
	users_init_mail();
	users_init_site();
	users_init_invitation();
	users_init_invitation_list();
	users_init_template();
	users_init_device();
	users_init_domain();
	users_init_role();
	users_init_shown();
	users_init_permission();
	users_init_protection();
	users_init_place();
	users_init_protect();
	users_init_apply();
	users_init_undo();
	users_init_advise();
	users_init_protect_health();
	users_init_object_type();
	users_init_word();
	users_init_sight();
	users_init_held();
	users_init_setup();
	users_init_health();
	users_init_events();
	users_init_stats();
}
