package observe

import (
	"sync"
	"sync/atomic"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// A memory keeps what was read of an account in a Region, but for its groups. It is safe
// for concurrent use; a nil memory keeps nothing. Its values are shared: nobody may
// change them.
type memory struct {
	sources   kept[launch.Spec, launch.Source]
	images    kept[string, *ec2types.Image]     // nil = it can't be seen
	snapshots kept[string, encryption.Snapshot] // zero = it can't be seen
	settings  kept[string, encryption.Defaults] // by account
	wide      atomic.Bool                       // every template's $Latest and $Default, as far as that is worth it
}

type kept[K comparable, V any] struct {
	mu  sync.Mutex
	all map[K]V
}

func (k *kept[K, V]) get(key K) (V, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.all[key]
	return v, ok
}

func (k *kept[K, V]) put(key K, v V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[K]V{}
	}
	k.all[key] = v
}

// remembered returns what is kept by the keys, and reads, once, and keeps the rest: a zero
// value for what isn't in the answer, since that isn't there.
func remembered[V any](k *kept[string, V], keys []string, read func([]string) (map[string]V, error)) (map[string]V, error) {
	out := map[string]V{}
	var unknown []string
	for _, key := range keys {
		if v, ok := k.get(key); ok {
			out[key] = v
		} else {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return out, nil
	}
	found, err := read(unknown)
	if err != nil {
		return nil, err
	}
	for _, key := range unknown {
		k.put(key, found[key])
		out[key] = found[key]
	}
	return out, nil
}

// withMemory returns a resolver that reads everything but groups once: for one batch, where r
// remembers nothing.
func (r *Resolver) withMemory() *Resolver {
	if r.memory == nil {
		return r.Remembering()
	}
	return r
}

// Remembering returns a resolver that reads everything but groups once, for as long as
// it is kept. It is for looks: a write rests on what is read for it.
func (r *Resolver) Remembering() *Resolver {
	c := *r
	c.memory = &memory{}
	return &c
}
