package hostile

import (
	"math/rand/v2"
	"reflect"
)

// Fill gives every exported field of the value that p points to something random,
// edges more often than not: integers of every length, empty and long lists, nil
// and filled pointers. Lists are never nil, since an encoding does not tell nil
// from empty.
func Fill(rng *rand.Rand, p any) { fill(rng, reflect.ValueOf(p).Elem(), 0) }

func fill(rng *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(rng, v.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if rng.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rng, v.Elem(), depth+1)
		}
	case reflect.Slice:
		n := rng.IntN(4)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			n = []int{0, 1, 23, 24, 64, 255, 256, 300}[rng.IntN(8)]
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(rng, v.Index(i), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(rng, v.Index(i), depth+1)
		}
	case reflect.Uint8, reflect.Uint32, reflect.Uint64, reflect.Uint:
		v.SetUint(rng.Uint64() >> rng.IntN(64) & (1<<min(63, v.Type().Bits()-1)<<1 - 1))
	case reflect.Int64, reflect.Int:
		v.SetInt(rng.Int64N(1<<40) - 1)
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.String:
		v.SetString([]string{"", "a", "posnet", "zwölf"}[rng.IntN(4)])
	}
}
