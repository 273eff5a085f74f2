/* Published vectors, through the functions that tokens go through. */
#include "json.h"
#include "jwt.h"

#include "jwt_make.h"
#include "tap.h"

/* Bytes of a hexadecimal text. */
static size_t
unhex(uint8_t *out, size_t cap, const char *hex)
{
	size_t n;

	if (sodium_hex2bin(out, cap, hex, strlen(hex), NULL, &n, NULL) != 0)
		abort();
	return n;
}

/* A message and its signature, as if users_jwt_parse had found them. */
static UsersStatus
verify(const UsersSigningKey *key, const char *message, size_t len,
	   const uint8_t *signature)
{
	UsersJwt jwt;

	memset(&jwt, 0, sizeof(jwt));
	jwt.algorithm = key->algorithm;
	strcpy(jwt.kid, key->kid);
	jwt.signed_len = len;
	memcpy(jwt.signature, signature, key->algorithm == USERS_EDDSA ? 64 : 32);
	return users_jwt_verify(&jwt, message, key);
}

typedef struct Ed25519Vector
{
	const char *name;
	const char *seed;
	const char *public_key;
	const char *message;
	const char *signature;
} Ed25519Vector;

static const Ed25519Vector ed25519[] = {
	{ "RFC 8032 7.1 test 1",
	  "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	  "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "RFC 8032 7.1 test 2",
	  "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "RFC 8032 7.1 test 3",
	  "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	  "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
	{ "RFC 8032 7.1 test 1024",
	  "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
	  "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
	  "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa"
	  "6e264bf09efe12ee50f8f54e9f77b1e355f6c50544e23fb1433ddf73be84d879de"
	  "7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675"
	  "fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efc"
	  "b8550ee3a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15452f80"
	  "288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e06203b33890c"
	  "c9b832f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd"
	  "68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204"
	  "ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d4425"
	  "4d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a"
	  "2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad"
	  "88425de6bde1a9187ebb6092cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c6"
	  "5adb7553878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481"
	  "d9089beccf80cfe2df16a2cf65bd92dd597b0707e0917af48bbb75fed413d238f5"
	  "555a7a569d80c3414a8d0859dc65a46128bab27af87a71314f318c782b23ebfe80"
	  "8b82b0ce26401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969b"
	  "e3ea7082ff7fc9888c144da2af58429ec96031dbcad3dad9af0dcbaaaf268cb8fc"
	  "ffead94f3c7ca495e056a9b47acdb751fb73e666c6c655ade8297297d07ad1ba5e"
	  "43f1bca32301651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3"
	  "bfd15c4b4c4525004aa06eeff8ca61783aacec57fb3d1f92b0fe2fd1a85f672451"
	  "7b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d"
	  "6f903b68401adebf5a7e08d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145"
	  "986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab47b57f7f7276cd419c1"
	  "7a3ca8e1b939ae49e488acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d"
	  "5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac0943bf6686b64b257937"
	  "6504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f25665616"
	  "8e6c496afc5fb93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff35"
	  "7876e506b50d334ba77c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa9"
	  "33a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb686069"
	  "37380db2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86ab"
	  "a41c0618983f8741c5ef68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0",
	  "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350"
	  "aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03" },
	{ "RFC 8032 7.1 test SHA(abc)",
	  "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
	  "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	  "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
	  "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704" },
};

static void
test_ed25519(void)
{
	for (size_t i = 0; i < sizeof(ed25519) / sizeof(ed25519[0]); i++)
	{
		UsersSigningKey key = make_key(USERS_EDDSA, 0);
		uint8_t wanted[32];
		uint8_t signature[64];
		char message[1023];
		size_t len =
			unhex((uint8_t *) message, sizeof(message), ed25519[i].message);

		unhex(key.secret, 32, ed25519[i].seed);
		unhex(wanted, 32, ed25519[i].public_key);
		unhex(signature, 64, ed25519[i].signature);
		users_jwt_complete_key(&key);
		ok(memcmp(key.public_key, wanted, 32) == 0, "%s: public key",
		   ed25519[i].name);
		ok(verify(&key, message, len, signature) == USERS_OK, "%s: signature",
		   ed25519[i].name);
		signature[0] ^= 1;
		ok(verify(&key, message, len, signature) == USERS_FORGED,
		   "%s: tampered", ed25519[i].name);
	}
}

/* Signatures that a lax verifier accepts: RFC 8032 5.1.7 refuses S beyond the
 * order of the group, and keys of small order sign anything. */
static void
test_ed25519_strict(void)
{
	static const char order[] =
		"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
	UsersSigningKey key = make_key(USERS_EDDSA, 0);
	uint8_t signature[64];
	uint8_t group[32];
	unsigned carry = 0;

	unhex(key.secret, 32, ed25519[1].seed);
	unhex(signature, 64, ed25519[1].signature);
	unhex(group, 32, order);
	users_jwt_complete_key(&key);
	for (size_t i = 0; i < 32; i++)
	{
		carry += (unsigned) signature[32 + i] + group[i];
		signature[32 + i] = (uint8_t) carry;
		carry >>= 8;
	}
	is(verify(&key, "r", 1, signature), USERS_FORGED, "S plus the order");
	memset(signature, 0, sizeof(signature));
	memset(key.public_key, 0, sizeof(key.public_key));
	signature[0] = 1;
	key.public_key[0] = 1;
	is(verify(&key, "r", 1, signature), USERS_FORGED, "a key of order one");
}

static void
test_rfc8037(void)
{
	static const char token[] =
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
	static const char tag[] =
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsP"
		"t9g7sVvpAr_MuM0KAg";
	UsersSigningKey key = make_key(USERS_EDDSA, 0);
	char out[MAKE_MAX];
	uint8_t signature[64];
	UsersJwt jwt;
	size_t n;
	size_t len;

	ok(users_base64url_decode(key.secret, 32, &n,
							  "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
							  43) == USERS_OK &&
		   users_base64url_decode(signature, 64, &n, tag, strlen(tag)) ==
			   USERS_OK,
	   "RFC 8037 A.1 and A.4 decode");
	users_jwt_complete_key(&key);
	is(verify(&key, token, strlen(token), signature), USERS_OK,
	   "RFC 8037 A.5: verified");
	len = make_token(out, "{\"alg\":\"EdDSA\"}", "Example of Ed25519 signing",
					 &key);
	ok(len == strlen(token) + 1 + strlen(tag) &&
		   memcmp(out, token, strlen(token)) == 0 &&
		   memcmp(out + strlen(token) + 1, tag, strlen(tag)) == 0,
	   "RFC 8037 A.4: signed");
	is(users_jwt_parse(&jwt, out, len), USERS_MALFORMED,
	   "and no access token for all that");
}

/* RFC 4231 4.2, 4.3 and 4.5: keys shorter than ours, which HMAC fills up with
 * zeros just as these buffers are. */
static void
test_hmac(void)
{
	static const char *const vectors[][3] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "4a656665",
		  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ "0102030405060708090a0b0c0d0e0f10111213141516171819",
		  "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
		  "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
		  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	};

	for (size_t i = 0; i < 3; i++)
	{
		UsersSigningKey key = make_key(USERS_HS256, 0);
		char message[64];
		uint8_t tag[32];
		size_t len;

		unhex(key.secret, sizeof(key.secret), vectors[i][0]);
		len = unhex((uint8_t *) message, sizeof(message), vectors[i][1]);
		unhex(tag, sizeof(tag), vectors[i][2]);
		ok(verify(&key, message, len, tag) == USERS_OK, "RFC 4231 number %zu",
		   i);
		tag[31] ^= 0x80;
		ok(verify(&key, message, len, tag) == USERS_FORGED,
		   "RFC 4231 number %zu, tampered", i);
	}
}

/* RFC 7515 A.1. Its key has 64 bytes, twice as many as ours, so that the tag is
 * made by the library alone. */
static void
test_rfc7515(void)
{
	static const char token[] =
		"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHA"
		"iOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	static const char secret[] =
		"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4h"
		"cgUuTwjAzZr1Z9CAow";
	const size_t body = strcspn(token, ".") + 1;
	const size_t signed_len = body + strcspn(token + body, ".");
	crypto_auth_hmacsha256_state state;
	UsersJsonMember members[3];
	uint8_t key[64];
	uint8_t wanted[32];
	uint8_t tag[32];
	uint8_t text[128];
	UsersJwt jwt;
	size_t n;

	ok(users_base64url_decode(key, 64, &n, secret, strlen(secret)) ==
			   USERS_OK &&
		   n == 64,
	   "RFC 7515 A.1: key");
	ok(users_base64url_decode(wanted, 32, &n, token + signed_len + 1,
							  strlen(token) - signed_len - 1) == USERS_OK &&
		   n == 32,
	   "RFC 7515 A.1: signature");
	crypto_auth_hmacsha256_init(&state, key, sizeof(key));
	crypto_auth_hmacsha256_update(&state, (const uint8_t *) token, signed_len);
	crypto_auth_hmacsha256_final(&state, tag);
	ok(memcmp(tag, wanted, 32) == 0, "RFC 7515 A.1: the same tag");
	ok(users_base64url_decode(text, sizeof(text), &n, token + body,
							  signed_len - body) == USERS_OK &&
		   users_json_object(members, 3, &n, (const char *) text, n) ==
			   USERS_OK &&
		   n == 3 && users_json_is(&members[0].value, "joe"),
	   "RFC 7515 A.1: payload");
	is(users_jwt_parse(&jwt, token, strlen(token)), USERS_MALFORMED,
	   "and no access token for all that");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_ed25519();
	test_ed25519_strict();
	test_rfc8037();
	test_hmac();
	test_rfc7515();
	return tap_done();
}
