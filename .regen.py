import glob,os,re
os.chdir('/work/museum')
ex='look_then_decrement zero_is_unused dealloc_first count_wraps repurpose_unwinds past_the_end slice_wrap empty_segment swallowed_error partial_segment bytes_for_frames claim_of_free list_ids unique_relaxed cow_by_mappings flush_after_drop balance_subpage usable_twice kernel_is_usable region_without_page highest_address slots_before_map shared_table bump_when_full boot_table_backwards boot_table_twice'.split()
have=[e for e in ex if os.path.exists(f'sim/museum/{e}.c')]
p='sim/museum/exhibits.c'
s=open(p).read()
a=s.index('#define EXHIBITS'); b=s.index('#define DECLARE')
s=s[:a]+'#define EXHIBITS(X) \\\n'+' \\\n'.join(f'  X({e})' for e in have)+'\n\n'+s[b:]
open(p,'w').write(s)
p='src/meson.build'
s=open(p).read()
a=s.index('museum_variants = files('); b=s.index(')',a)
s=s[:a]+'museum_variants = files(\n'+''.join(f"  '../sim/museum/{e}.c',\n" for e in sorted(have+['exhibits']))+s[b:]
open(p,'w').write(s)
p='sim/meson.build'
s=open(p).read()
a=s.index('museum_scripts = files('); b=s.index(')',a)
s=s[:a]+'museum_scripts = files(\n'+''.join(f"  '../{f}',\n" for f in sorted(glob.glob('docs/museum/*.fms')))+s[b:]
open(p,'w').write(s)
os.system('clang-format -i sim/museum/*.[ch] include/fm/frame.h')
