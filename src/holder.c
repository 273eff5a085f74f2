#include "pg.h"

#include "holder.h"
#include "query.h"
#include "sight.h"

/* What a user holds is read one by one, and all at once when it is clear that
 * one transaction asks for many: one that reads a row or two reads as much
 * here. */
#define PROBES 16

/* A service may ask about one user after another. */
#define HOLDERS 32

typedef struct ObjectKey
{
	pg_uuid_t domain_id;
	pg_uuid_t object_id;
	int type; /* the number of object_type:* */
} ObjectKey;

/* An id that fits into two registers. */
typedef struct Halves
{
	uint64 one;
	uint64 other;
} Halves;

typedef struct DomainEntry
{
	Halves key;
	char status;
	UsersHeld *held; /* NULL: nothing, or not reached */
	/* Of the words with a number below 64: which have been asked for, and which
	 * of these are held. */
	uint64 known;
	uint64 yes;
} DomainEntry;

typedef struct ObjectEntry
{
	ObjectKey key;
	char status;
	UsersHeld *held;
} ObjectEntry;

static inline Halves
halves_of(const pg_uuid_t *id)
{
	Halves halves;

	StaticAssertStmt(sizeof(Halves) == sizeof(pg_uuid_t), "two halves");
	memcpy(&halves, id, sizeof(halves));
	return halves;
}

static inline uint32
hash_halves(Halves id)
{
	return (uint32) ((id.one ^ id.other * UINT64CONST(0x9E3779B97F4A7C15)) *
						 UINT64CONST(0xFF51AFD7ED558CCD) >>
					 32);
}

static inline bool
same_uuid(const pg_uuid_t *one, const pg_uuid_t *other)
{
	return memcmp(one, other, sizeof(pg_uuid_t)) == 0;
}

#define SH_PREFIX		   domains
#define SH_ELEMENT_TYPE	   DomainEntry
#define SH_KEY_TYPE		   Halves
#define SH_KEY			   key
#define SH_HASH_KEY(tb, k) hash_halves(k)
#define SH_EQUAL(tb, a, b) ((a).one == (b).one && (a).other == (b).other)
#define SH_SCOPE		   static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define SH_PREFIX		   objects
#define SH_ELEMENT_TYPE	   ObjectEntry
#define SH_KEY_TYPE		   ObjectKey
#define SH_KEY			   key
#define SH_HASH_KEY(tb, k) hash_halves(halves_of(&(k).object_id))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(ObjectKey)) == 0)
#define SH_SCOPE		   static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A list that was made: planning asks for the same one several times. */
typedef struct Listed
{
	struct Listed *next;
	int word; /* -1: domains of which one is a member */
	bool objects;
	ArrayType *ids;
} Listed;

struct UsersHolder
{
	bool complete;	  /* everything is in: what is not, is not held */
	bool by_domain;	  /* complete, and nothing is held on a single object */
	int probes;		  /* in one transaction, */
	uint64 probed_in; /* which is that one after the sight was taken */
	domains_hash *domains;
	objects_hash *objects;
	Listed *lists;
	const UsersSight *sight;
	MemoryContext context;
	struct UsersHolder *next;
	UsersStanding standing;
};

typedef struct Holders
{
	UsersHolder *first;
	int count;
} Holders;

/* The entry of a domain, which is made if there is none. */
static DomainEntry *
add_domain(UsersHolder *holder, const pg_uuid_t *domain_id)
{
	bool found;
	DomainEntry *entry =
		domains_insert(holder->domains, halves_of(domain_id), &found);

	if (!found)
	{
		entry->held = NULL;
		entry->known = 0;
		entry->yes = 0;
	}
	return entry;
}

static ObjectEntry *
add_object(UsersHolder *holder, const ObjectKey *key)
{
	bool found;
	ObjectEntry *entry = objects_insert(holder->objects, *key, &found);

	if (!found)
		entry->held = NULL;
	return entry;
}

/* Of rows on whole domains it is known last whether they open a domain that is
 * disabled. */
static void
close_domains(UsersHolder *holder)
{
	domains_iterator iterator;
	DomainEntry *domain;

	domains_start_iterate(holder->domains, &iterator);
	while ((domain = domains_iterate(holder->domains, &iterator)) != NULL)
		if (!users_held_opens(domain->held))
			domain->held = NULL;
}

static bool
is_closed(const UsersHolder *holder, const pg_uuid_t *domain_id)
{
	const DomainEntry *domain =
		domains_lookup(holder->domains, halves_of(domain_id));

	return domain == NULL || domain->held == NULL;
}

/* Takes rows in: those on whole domains, or then those on objects, of a
 * disabled domain only for whom it is open to. */
static void
take_rows(UsersHolder *holder, const UsersHeldRow *rows, int count,
		  bool of_objects)
{
	for (int i = 0; i < count; i++)
	{
		const UsersHeldRow *row = &rows[i];
		UsersHeld **held;

		if ((row->type >= 0) != of_objects ||
			(of_objects && !row->enabled && is_closed(holder, &row->domain_id)))
			continue;
		if (of_objects)
		{
			ObjectKey key = { row->domain_id, row->object_id, row->type };

			held = &add_object(holder, &key)->held;
		}
		else
			held = &add_domain(holder, &row->domain_id)->held;
		if (*held == NULL)
			*held = palloc0(sizeof(UsersHeld));
		users_held_add(*held, row);
	}
}

/* For how many domains to make the table. Most rows that are judged are of
 * other domains; while it is small enough to be sparse, each of them finds its
 * place empty. */
static uint32
room_for(const UsersHeldRow *rows, int count)
{
	uint32 domains = 0;

	for (int i = 0; i < count && domains < 128; i++)
		domains += rows[i].type < 0;
	return Max(8, domains * 4);
}

/* Reads everything that somebody holds. What was there before is replaced at
 * the end: an error in between leaves nothing half done. */
static void
load(UsersHolder *holder)
{
	UsersHolder loaded = *holder;
	MemoryContext old = MemoryContextSwitchTo(holder->context);
	UsersHeldRow *rows;
	int count =
		users_read_all_held(&rows, &holder->standing, users_seen_snapshot());

	loaded.domains =
		domains_create(holder->context, room_for(rows, count), NULL);
	loaded.objects = objects_create(holder->context, 8, NULL);
	take_rows(&loaded, rows, count, false);
	close_domains(&loaded);
	take_rows(&loaded, rows, count, true);
	loaded.complete = true;
	loaded.by_domain = loaded.objects->members == 0;
	pfree(rows);
	MemoryContextSwitchTo(old);
	*holder = loaded;
}

static UsersHolder *
new_holder(UsersSight *sight, Holders *holders, const pg_uuid_t *user_id)
{
	UsersHolder *holder =
		MemoryContextAllocZero(sight->context, sizeof(UsersHolder));

	holder->context = sight->context;
	holder->sight = sight;
	users_read_standing(&holder->standing, user_id, users_seen_snapshot());
	holder->domains = domains_create(sight->context, 8, NULL);
	holder->objects = objects_create(sight->context, 8, NULL);
	holder->next = holders->first;
	holders->first = holder;
	holders->count++;
	return holder;
}

/* Of those of a sight, which may be taken anew; makes it if there is none. */
static UsersHolder *
find_holder(UsersSight *sight, const pg_uuid_t *user_id)
{
	Holders *holders = sight->memory;

	if (holders != NULL)
	{
		for (UsersHolder *h = holders->first; h != NULL; h = h->next)
			if (same_uuid(&h->standing.user_id, user_id))
				return h;
		if (holders->count >= HOLDERS)
		{
			users_sight_clear(sight);
			sight = users_sight(users_seen_snapshot());
			holders = NULL;
		}
	}
	if (holders == NULL)
	{
		holders = MemoryContextAllocZero(sight->context, sizeof(Holders));
		sight->memory = holders;
	}
	return new_holder(sight, holders, user_id);
}

/* The one that was asked for last, which most ask for again. */
static struct
{
	uint64 sight; /* its number: the holder is there while that is */
	Halves user_id;
	UsersHolder *holder;
} latest;

static pg_noinline UsersHolder *
change_holder(UsersSight *sight, const pg_uuid_t *user_id)
{
	UsersHolder *holder = find_holder(sight, user_id);

	latest.sight = holder->sight->number;
	latest.user_id = halves_of(user_id);
	latest.holder = holder;
	return holder;
}

/* users_holder where it is asked with every row: a call less is three
 * nanoseconds of fifteen. */
static inline UsersHolder *
holder_of(const pg_uuid_t *user_id)
{
	UsersSight *sight = users_sight(users_seen_snapshot());
	Halves id = halves_of(user_id);

	return likely(sight->number == latest.sight &&
				  id.one == latest.user_id.one &&
				  id.other == latest.user_id.other)
			   ? latest.holder
			   : change_holder(sight, user_id);
}

UsersHolder *
users_holder(const pg_uuid_t *user_id)
{
	return holder_of(user_id);
}

/* Whether to ask for single things no longer. */
static bool
load_rather(UsersHolder *holder)
{
	if (holder->probed_in != holder->sight->outlived)
	{
		holder->probes = 0;
		holder->probed_in = holder->sight->outlived;
	}
	if (++holder->probes > PROBES)
		load(holder);
	return holder->complete;
}

static DomainEntry *
probe_domain(UsersHolder *holder, const pg_uuid_t *domain_id)
{
	UsersHeld *held = users_read_held_in(
		&holder->standing, domain_id, users_seen_snapshot(), holder->context);
	DomainEntry *entry = add_domain(holder, domain_id);

	if (held != NULL && users_held_opens(held))
		entry->held = held;
	return entry;
}

static pg_noinline DomainEntry *
read_domain(UsersHolder *holder, const pg_uuid_t *domain_id)
{
	return load_rather(holder)
			   ? domains_lookup(holder->domains, halves_of(domain_id))
			   : probe_domain(holder, domain_id);
}

/* What is known of a domain; NULL: nothing is held there. */
static inline DomainEntry *
find_domain(UsersHolder *holder, const pg_uuid_t *domain_id)
{
	DomainEntry *entry = domains_lookup(holder->domains, halves_of(domain_id));

	return likely(entry != NULL || holder->complete)
			   ? entry
			   : read_domain(holder, domain_id);
}

const UsersHeld *
users_holder_in(UsersHolder *holder, const pg_uuid_t *domain_id)
{
	const DomainEntry *entry = find_domain(holder, domain_id);

	return entry == NULL ? NULL : entry->held;
}

bool
users_holds_word_in(const pg_uuid_t *user_id, int word,
					const pg_uuid_t *domain_id)
{
	DomainEntry *entry = find_domain(holder_of(user_id), domain_id);
	uint64 bit;

	if (entry == NULL || entry->held == NULL)
		return false;
	if (word >= 64)
		return users_held_has(entry->held, word);
	bit = UINT64CONST(1) << word;
	if (unlikely((entry->known & bit) == 0))
	{
		if (users_held_has(entry->held, word))
			entry->yes |= bit;
		entry->known |= bit;
	}
	return (entry->yes & bit) != 0;
}

static const UsersHeld *
probe_object(UsersHolder *holder, const ObjectKey *key)
{
	UsersHeld *held = users_read_held_on(
		&holder->standing, &key->domain_id, key->type, &key->object_id,
		users_seen_snapshot(), holder->context);

	if (held != NULL && !held->enabled &&
		users_holder_in(holder, &key->domain_id) == NULL)
		held = NULL;
	add_object(holder, key)->held = held;
	return held;
}

/* By assignments on one object; NULL: nothing. */
static const UsersHeld *
find_object(UsersHolder *holder, const ObjectKey *key)
{
	const ObjectEntry *entry = objects_lookup(holder->objects, *key);

	if (entry != NULL)
		return entry->held;
	if (holder->complete)
		return NULL;
	if (!load_rather(holder))
		return probe_object(holder, key);
	entry = objects_lookup(holder->objects, *key);
	return entry == NULL ? NULL : entry->held;
}

static pg_noinline bool
has_on(UsersHolder *holder, int word, const pg_uuid_t *domain_id,
	   const pg_uuid_t *object_id)
{
	ObjectKey key = { *domain_id, *object_id, users_word_all(word) };
	const UsersHeld *held = find_object(holder, &key);

	return held != NULL && users_held_has(held, word);
}

bool
users_holds_word_on(const pg_uuid_t *user_id, int word,
					const pg_uuid_t *domain_id, const pg_uuid_t *object_id)
{
	UsersHolder *holder = holder_of(user_id);

	/* Most people hold nothing on single objects, and are asked for every row
	 * that is not theirs. */
	return !holder->by_domain && has_on(holder, word, domain_id, object_id);
}

bool
users_holder_is_admin(const UsersHolder *holder)
{
	return holder->standing.is_admin;
}

/* ---- lists ---- */

static int
compare_uuids(const void *one, const void *other)
{
	return memcmp(one, other, sizeof(pg_uuid_t));
}

/* The domains in which a word (-1: anything at all) is held, in ids, which has
 * room for all. */
static int
list_domains(pg_uuid_t *ids, const UsersHolder *holder, int word)
{
	domains_iterator iterator;
	const DomainEntry *entry;
	int n = 0;

	domains_start_iterate(holder->domains, &iterator);
	while ((entry = domains_iterate(holder->domains, &iterator)) != NULL)
		if (entry->held != NULL &&
			(word < 0 || users_held_has(entry->held, word)))
			memcpy(&ids[n++], &entry->key, sizeof(pg_uuid_t));
	return n;
}

static int
list_objects(pg_uuid_t *ids, const UsersHolder *holder, int word)
{
	objects_iterator iterator;
	const ObjectEntry *entry;
	int type = users_word_all(word);
	int n = 0;

	objects_start_iterate(holder->objects, &iterator);
	while ((entry = objects_iterate(holder->objects, &iterator)) != NULL)
		if (entry->held != NULL && entry->key.type == type &&
			users_held_has(entry->held, word))
			ids[n++] = entry->key.object_id;
	return n;
}

/* A uuid[] of them, sorted, each once. */
static ArrayType *
make_array(pg_uuid_t *ids, int n)
{
	Datum *elements = palloc(sizeof(Datum) * (Size) Max(n, 1));
	int kept = 0;

	qsort(ids, (size_t) n, sizeof(pg_uuid_t), compare_uuids);
	for (int i = 0; i < n; i++)
		if (i == 0 || !same_uuid(&ids[i], &ids[i - 1]))
			elements[kept++] = UUIDPGetDatum(&ids[i]);
	return kept == 0 ? construct_empty_array(UUIDOID)
					 : construct_array(elements, kept, UUIDOID, UUID_LEN, false,
									   TYPALIGN_CHAR);
}

static ArrayType *
make_list(UsersHolder *holder, int word, bool of_objects)
{
	MemoryContext work = AllocSetContextCreate(holder->context, "users list",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	uint32 room =
		of_objects ? holder->objects->members : holder->domains->members;
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * (Size) Max(room, 1));
	int n = of_objects ? list_objects(ids, holder, word)
					   : list_domains(ids, holder, word);
	ArrayType *made = make_array(ids, n);
	Listed *listed;

	MemoryContextSwitchTo(holder->context);
	listed = palloc(sizeof(Listed));
	listed->word = word;
	listed->objects = of_objects;
	listed->ids = DatumGetArrayTypePCopy(PointerGetDatum(made));
	listed->next = holder->lists;
	holder->lists = listed;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return listed->ids;
}

ArrayType *
users_holder_list(UsersHolder *holder, int word, bool of_objects)
{
	const Listed *listed;

	if (!holder->complete)
		load(holder);
	for (listed = holder->lists; listed != NULL; listed = listed->next)
		if (listed->word == word && listed->objects == of_objects)
			break;
	/* A copy: a rollback in a function may end the memory while the caller's
	 * scan still goes by its array. */
	return DatumGetArrayTypePCopy(PointerGetDatum(
		listed != NULL ? listed->ids : make_list(holder, word, of_objects)));
}
